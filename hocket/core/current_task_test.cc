// SPDX-License-Identifier: MIT
// Which task runs, which there are, and to which loop each belongs.
#include <hocket/core/task.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::thrown_by;

TEST(Task, belongs_to_the_loop_that_made_it) {
    for (int i = 0; i < 2; ++i) {
        const auto loop = new_event_loop();
        const auto task = loop->create_task(testing::value_after(0, std::string("ok")));
        EXPECT_EQ(&task.get_loop(), loop.get());
        EXPECT_EQ(loop->run_until_complete(task), "ok");
        EXPECT_TRUE(task.done());
        EXPECT_EQ(task.result(), "ok");
        EXPECT_EQ(&task.get_loop(), loop.get());
    }
}

TEST(CurrentTask, of_a_loop_is_none_unless_that_loop_runs_one) {
    const auto loop = new_event_loop(), other = new_event_loop();
    EXPECT_FALSE(current_task(*loop));
    Task<> task;
    task = loop->create_task([](EventLoop& running, EventLoop& idle, Task<>& self) -> Coro<> {
        EXPECT_TRUE(current_task(running) == self);
        EXPECT_TRUE(current_task() == self);
        EXPECT_FALSE(current_task(idle));
        co_await hocket::sleep(0);
        EXPECT_TRUE(current_task(running) == self);
    }(*loop, *other, task));
    EXPECT_FALSE(current_task(*loop));
    loop->run_until_complete(task);
    EXPECT_FALSE(current_task(*loop));
}

TEST(CurrentTask, is_each_in_turn_of_two_that_wake_each_other) {
    run([]() -> Coro<> {
        const Future<> first, second;
        Task<> a, b;
        a = create_task([&]() -> Coro<> {
            EXPECT_TRUE(current_task() == a);
            co_await first;
            EXPECT_TRUE(current_task() == a);
            second.set_result();
        });
        b = create_task([&]() -> Coro<> {
            EXPECT_TRUE(current_task() == b);
            first.set_result();
            co_await second;
            EXPECT_TRUE(current_task() == b);
        });
        co_await a;
        co_await b;
    }());
}

TEST(AllTasks, of_a_loop_are_listed_while_it_does_not_run) {
    const auto loop = new_event_loop(), other = new_event_loop();
    EXPECT_TRUE(all_tasks(*loop).empty());
    const auto a = loop->create_task(testing::turns(1)), b = loop->create_task(testing::turns(9));
    const std::vector<AnyTask> both{a, b};
    EXPECT_TRUE(all_tasks(*loop) == both);
    EXPECT_TRUE(all_tasks(*other).empty());
    loop->run_until_complete(a);
    EXPECT_EQ(all_tasks(*loop).size(), 1U);
    loop->run_until_complete(b);
    EXPECT_TRUE(all_tasks(*loop).empty());
}

}  // namespace
}  // namespace hocket
