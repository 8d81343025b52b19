// SPDX-License-Identifier: MIT
// Context variables of tasks: what holds over their waits, and what a context that a program gives them shows of it.
#include <hocket/core/context.h>

#include <hocket/core/task.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;

ContextVar<std::string> colour("colour", "none");
ContextVar<int> number("number", -1);
ContextVar<int> unset("unset");

TEST(ContextVar, what_a_task_sets_holds_over_its_waits) {
    run([]() -> Coro<> {
        EXPECT_EQ(colour.get(), "none");
        for (int i = 0; i < 2; ++i) {
            const std::string mine = "mine " + std::to_string(i);
            const Future<> future;
            future.add_done_callback([](const Future<>&) { colour.set("the callback's"); });
            colour.set(mine);
            get_running_loop().call_soon([future] { future.set_result(); });
            co_await future;
            EXPECT_EQ(colour.get(), mine);
            for (int n = 0; n < 3; ++n) {
                const std::string next = mine + "-" + std::to_string(n);
                colour.set(next);
                co_await hocket::sleep(1ms);
                EXPECT_EQ(colour.get(), next);
            }
        }
    }());
    EXPECT_EQ(colour.get(), "none");
}

TEST(ContextVar, a_hundred_tasks_keep_their_values_apart) {
    run([]() -> Coro<> {
        const auto counting = [](int first) -> Coro<> {
            for (int i = 0; i < 10; ++i) {
                number.set(first + i);
                co_await hocket::sleep(std::chrono::microseconds((first * 7 + i * 13) % 50 * 20));
                EXPECT_EQ(number.get(), first + i);
            }
        };
        std::vector<Task<>> tasks;
        for (int i = 0; i < 100; ++i) tasks.push_back(create_task(counting(i % 11)));
        for (const auto& task : tasks) co_await task;
        EXPECT_EQ(number.get(), -1);
    }());
    EXPECT_EQ(number.get(), -1);
}

TEST(ContextVar, what_a_task_sets_later_its_creator_does_not_see) {
    run([]() -> Coro<> {
        EXPECT_EQ(colour.get(), "none");
        const auto child = create_task([]() -> Coro<> {
            co_await hocket::sleep(1ms);
            EXPECT_EQ(colour.get(), "none");
            colour.set("the child's");
        });
        colour.set("the parent's");
        co_await child;
        EXPECT_EQ(colour.get(), "the parent's");
    }());
}

TEST(Context, holds_what_each_task_that_it_is_given_to_sets) {
    const auto set_to = [](int n) -> Coro<> {
        co_await hocket::sleep(0);
        unset.set(n);
    };
    run([&]() -> Coro<> {
        const Context context = copy_context();
        const TaskOptions in_it{.context = &context};
        EXPECT_EQ(context.get(unset), nullptr);
        co_await create_task(set_to(1), in_it);
        EXPECT_EQ(*context.get(unset), 1);
        co_await create_task(in_it, set_to, 2);
        EXPECT_EQ(*context.get(unset), 2);
        co_await get_running_loop().create_task(set_to(3), in_it);
        EXPECT_EQ(*context.get(unset), 3);
        EXPECT_EQ(copy_context().get(unset), nullptr);
    }());
}

}  // namespace
}  // namespace hocket
