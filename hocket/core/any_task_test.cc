// SPDX-License-Identifier: MIT
// Finding tasks and asking them: their names, the current one, all of them, handles of any type.
#include <hocket/core/task.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::ending_of;
using testing::thrown_by;
using testing::Trace;

TEST(TaskName, counts_or_is_given) {
    run([]() -> Coro<> {
        const auto a = create_task(testing::turns(1)), b = create_task(testing::turns(1), {.name = "reader"});
        const std::string first = a.get_name();
        EXPECT_TRUE(first.starts_with("Task-")) << first;
        EXPECT_EQ(create_task(testing::turns(0)).get_name(), "Task-" + std::to_string(std::stoi(first.substr(5)) + 2));
        EXPECT_EQ(b.get_name(), "reader");
        a.set_name("a much longer name than before");
        a.set_name(a.get_name() + ", and longer");
        EXPECT_EQ(a.get_name(), "a much longer name than before, and longer");
        a.set_name("");
        EXPECT_EQ(a.get_name(), "");
        co_await a;
        co_await b;
        EXPECT_EQ(b.get_name(), "reader");
    }());
}

TEST(CurrentTask, is_the_one_that_runs) {
    run([]() -> Coro<> {
        const auto main = current_task();
        const auto other = create_task([]() -> Coro<std::string> { co_return current_task().get_name(); });
        EXPECT_EQ(co_await other, other.get_name());
        EXPECT_FALSE(main == other);
        EXPECT_TRUE(current_task() == main);
        AnyTask in_callback = main;
        get_running_loop().call_soon([&] { in_callback = current_task(); });
        co_await hocket::sleep(0);
        EXPECT_FALSE(in_callback);
    }());
    EXPECT_EQ(thrown_by([] { current_task(); }), "hocket::RuntimeError: no running event loop");
}

TEST(AllTasks, are_those_that_are_not_done_the_oldest_first) {
    run([]() -> Coro<> {
        const auto a = create_task(testing::turns(3), {.name = "a"}), b = create_task(testing::turns(0), {.name = "b"}),
                   c = create_task(testing::turns(3), {.name = "c"});
        current_task().state()->share();  // a task's own handle is like any other
        current_task().state()->drop();
        co_await testing::turns(2);
        std::string names;
        for (const AnyTask& t : all_tasks()) names += t == current_task() ? "main " : t.get_name() + " ";
        EXPECT_EQ(names, "main a c ");
    }());
    EXPECT_EQ(thrown_by([] { static_cast<void>(all_tasks()); }), "hocket::RuntimeError: no running event loop");
}

TEST(AnyTask, holds_tasks_and_futures_of_every_type) {
    run([]() -> Coro<> {
        const Future<int> f;
        const std::vector<AnyTask> all = {create_task(testing::value_after(1, 1)),
                                          create_task(testing::failure_after(1, "x")), f,
                                          create_task(testing::forever(), {.name = "last"})};
        EXPECT_TRUE(all[0].is_task());
        EXPECT_FALSE(all[2].is_task());
        EXPECT_EQ(all[3].get_name(), "last");
        f.set_result(1);
        all[3].cancel();
        EXPECT_EQ(co_await ending_of(all[0]), "nothing");
        EXPECT_EQ(co_await ending_of(all[1]), "hocket::RuntimeError: x");
        EXPECT_EQ(co_await ending_of(all[2]), "nothing");
        EXPECT_EQ(co_await ending_of(all[3]), "hocket::CancelledError");
        EXPECT_TRUE(all[2] == f);
    }());
}

TEST(AnyTask, does_what_tasks_do) {
    Trace trace;
    run([&]() -> Coro<> {
        AnyTask task = create_task([]() -> Coro<> {
            try {
                co_await testing::forever();
            } catch (const CancelledError&) {
                EXPECT_EQ(current_task().cancelling(), 2U);
                EXPECT_EQ(current_task().uncancel(), 1U);
            }
        });
        task.set_name("any");
        task.add_done_callback([&](const AnyTask& t) { trace.note(t.get_name()); });
        void (*const never)(const AnyTask&) = [](const AnyTask&) { ADD_FAILURE(); };
        task.add_done_callback(never);
        EXPECT_EQ(task.remove_done_callback(never), 1U);
        co_await testing::turns(1);
        task.cancel();
        task.cancel();
        EXPECT_EQ(task.cancelling(), 2U);
        co_await task;
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "any");
}

TEST(AnyTask, that_is_a_future_says_what_only_tasks_can) {
    run([]() -> Coro<> {
        Trace trace;
        const Future<int> f;
        const AnyTask any = f;
        EXPECT_EQ(thrown_by([&] { any.set_name("x"); }), "hocket::RuntimeError: set_name of a future that is no task");
        EXPECT_EQ(thrown_by([&] { static_cast<void>(any.cancelling()); }),
                  "hocket::RuntimeError: cancelling of a future that is no task");
        EXPECT_EQ(thrown_by([&] { any.uncancel(); }), "hocket::RuntimeError: uncancel of a future that is no task");
        any.add_done_callback([&](const AnyTask& t) { trace.note(t == f ? "done" : "?"); });
        f.set_result(1);
        co_await testing::turns(1);
        EXPECT_EQ(trace.taken(), "done");
    }());
}

}  // namespace
}  // namespace hocket
