// SPDX-License-Identifier: MIT
// How many tasks a recursion through coroutines, groups and gathers makes, and that eager ones are done without a turn of the loop.
#include <hocket/flow/gather.h>
#include <hocket/flow/task_group.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <unordered_set>
#include <vector>

namespace hocket {
namespace {

using Tasks = std::unordered_set<AnyTask>;

Coro<int> chain(Tasks& seen, int depth) {
    seen.insert(current_task());
    if (depth == 0) co_return 0;
    co_return 1 + co_await chain(seen, depth - 1);
}

Coro<> groups(Tasks& seen, int width, int depth) {
    seen.insert(current_task());
    if (depth == 0) co_return;
    co_await task_group([&](TaskGroup& group) -> Coro<> {
        for (int i = 0; i < width; ++i) group.create_task(groups(seen, width, depth - 1));
        co_return;
    });
}

Coro<> gathers(Tasks& seen, int width, int depth) {
    seen.insert(current_task());
    if (depth == 0) co_return;
    std::vector<Coro<>> members;
    for (int i = 0; i < width; ++i) members.push_back(gathers(seen, width, depth - 1));
    co_await gather(std::move(members));
}

// Runs `work(seen)`: how many tasks it ran in, and whether others had a turn meanwhile.
template <class F>
void expect_tasks(F work, bool eager, std::size_t tasks, bool others_had_a_turn) {
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.eager_tasks = eager;
        bool turned = false;
        loop.call_soon([&] { turned = true; });
        Tasks seen;
        co_await work(seen);
        EXPECT_EQ(seen.size(), tasks);
        EXPECT_EQ(turned, others_had_a_turn);
        co_await testing::turns(1);
    }());
}

constexpr std::size_t with_five_each_four_levels_deep = 1 + 5 + 25 + 125 + 625;

TEST(EagerMembers, a_chain_of_coroutines_is_one_task) {
    const auto work = [](Tasks& seen) -> Coro<> { EXPECT_EQ(co_await chain(seen, 100), 100); };
    expect_tasks(work, false, 1, false);
    expect_tasks(work, true, 1, false);
}

TEST(EagerMembers, groups_in_groups_make_a_task_of_each_and_eager_ones_need_no_turn) {
    const auto work = [](Tasks& seen) -> Coro<> { return groups(seen, 5, 4); };
    expect_tasks(work, false, with_five_each_four_levels_deep, true);
    expect_tasks(work, true, with_five_each_four_levels_deep, false);
}

TEST(EagerMembers, gathers_in_gathers_make_a_task_of_each_and_eager_ones_need_no_turn) {
    const auto work = [](Tasks& seen) -> Coro<> { return gathers(seen, 5, 4); };
    expect_tasks(work, false, with_five_each_four_levels_deep, true);
    expect_tasks(work, true, with_five_each_four_levels_deep, false);
}

}  // namespace
}  // namespace hocket
