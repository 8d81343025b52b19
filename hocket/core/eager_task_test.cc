// SPDX-License-Identifier: MIT
// Eager tasks (29): they run inside create_task, up to their first wait.
#include <hocket/core/task.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::ending_of;
using testing::LoopErrors;
using testing::Trace;

constexpr TaskOptions eager{.eager_start = true};

// 29
TEST(EagerTask, runs_inside_create_task) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task(eager, [&]() -> Coro<> {
            trace.note("begun");
            co_await hocket::sleep(0);
            trace.note("ended");
        });
        trace.note("created");
        EXPECT_FALSE(task.done());
        co_await task;
    }());
    EXPECT_EQ(trace.taken(), "begun created ended");
}

// 29
TEST(EagerTask, may_be_done_when_create_task_returns) {
    run([]() -> Coro<> {
        EXPECT_EQ(create_task(testing::value_after(0, 5), eager).result(), 5);
        const auto failed = create_task(testing::failure_after(0, "at once"), eager);
        EXPECT_TRUE(failed.done());
        EXPECT_EQ(co_await ending_of(failed), "hocket::RuntimeError: at once");
        EXPECT_EQ(all_tasks().size(), 1U);
    }());
}

TEST(EagerTask, that_waits_ends_like_any_other) {
    run([]() -> Coro<> {
        const auto task = create_task(testing::value_after(1ms, 6), eager);
        EXPECT_FALSE(task.done());
        EXPECT_EQ(co_await task, 6);
        EXPECT_TRUE(task.done());
    }());
}

TEST(EagerTask, may_set_the_future_that_its_maker_awaits) {
    run([]() -> Coro<> {
        const Future<std::string> f;
        const auto task = create_task(eager, [f]() -> Coro<> {
            f.set_result("at once");
            co_return;
        });
        EXPECT_TRUE(task.done());
        EXPECT_EQ(co_await f, "at once");
    }());
}

TEST(EagerTask, that_is_done_has_freed_its_frame) {
    Census census;
    run([&]() -> Coro<> {
        const auto task = create_task([](Census::Member) -> Coro<int> { co_return 1; }(census.member()), eager);
        EXPECT_EQ(census.alive(), 0);
        EXPECT_EQ(co_await task, 1);
    }());
}

TEST(EagerTask, is_among_all_tasks_until_it_is_done) {
    const auto there = [](const AnyTask& task) {
        const auto all = all_tasks();
        return std::find(all.begin(), all.end(), task) != all.end();
    };
    Trace trace;
    run([&]() -> Coro<> {
        const auto at_once = create_task(eager, [&]() -> Coro<> {
            trace.note(there(current_task()));
            co_return;
        });
        trace.note(there(at_once));
        const Future<> go;
        const auto waits = create_task(eager, [&]() -> Coro<> {
            trace.note(there(current_task()));
            co_await go;
        });
        trace.note(there(waits));
        go.set_result();
        co_await waits;
        trace.note(there(waits));
    }());
    EXPECT_EQ(trace.taken(), "1 0 1 1 0");
}

// 29
TEST(EagerTask, is_the_current_task_while_it_runs) {
    run([]() -> Coro<> {
        const auto outer = current_task();
        const auto task = create_task(eager, []() -> Coro<std::string> { co_return current_task().get_name(); });
        EXPECT_EQ(task.result(), task.get_name());
        EXPECT_TRUE(current_task() == outer);
        AnyTask before, after;
        const auto waits = create_task(eager, [&]() -> Coro<> {
            before = current_task();
            co_await hocket::sleep(1ms);
            after = current_task();
        });
        EXPECT_TRUE(before == waits);
        co_await waits;
        EXPECT_TRUE(after == waits);
    }());
}

// 29
TEST(EagerTask, has_a_context_of_its_own) {
    static ContextVar<int> number("number", 0);
    run([]() -> Coro<> {
        number.set(1);
        const auto task = create_task(eager, []() -> Coro<int> {
            const int seen = number.get();
            number.set(2);
            co_return seen;
        });
        EXPECT_EQ(task.result(), 1);
        EXPECT_EQ(number.get(), 1);
        co_return;
    }());
}

TEST(EagerTask, keeps_its_context_across_its_waits) {
    static ContextVar<int> number("number", 0);
    run([]() -> Coro<> {
        number.set(1);
        const auto task = create_task(eager, []() -> Coro<int> {
            number.set(2);
            co_await hocket::sleep(1ms);
            const int seen = number.get();
            number.set(3);
            co_return seen;
        });
        EXPECT_EQ(number.get(), 1);
        EXPECT_EQ(co_await task, 2);
        EXPECT_EQ(number.get(), 1);
    }());
}

TEST(EagerTask, may_make_others_and_await_what_is_done) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto outer = create_task(eager, [&]() -> Coro<> {
            trace.note("outer");
            const auto inner = create_task(eager, [&]() -> Coro<> {
                trace.note("inner");
                co_return;
            });
            co_await inner;
            trace.note("after");
        });
        EXPECT_TRUE(outer.done());
        co_return;
    }());
    EXPECT_EQ(trace.taken(), "outer inner after");
}

TEST(EagerTask, can_be_made_by_a_callback) {
    Trace trace;
    run([&]() -> Coro<> {
        get_running_loop().call_soon([&] {
            create_task(eager, [&]() -> Coro<> {
                trace.note("task");
                co_return;
            });
            trace.note(current_task() ? "a task" : "callback");
        });
        co_await hocket::sleep(0);
    }());
    EXPECT_EQ(trace.taken(), "task callback");
}

TEST(EagerTask, may_be_begun_while_an_exception_unwinds) {
    struct Starter {
        Task<int>& task;
        ~Starter() { task = create_task(testing::value_after(0, 3), eager); }
    };
    run([]() -> Coro<> {
        Task<int> task;
        const auto failing = [&]() -> Coro<> {
            const Starter starter{task};
            co_await hocket::sleep(0);
            throw RuntimeError("unwinding");
        };
        EXPECT_EQ(co_await ending_of(failing()), "hocket::RuntimeError: unwinding");
        EXPECT_EQ(task.result(), 3);
    }());
}

TEST(EagerTask, is_cancelled_like_others_once_it_waits) {
    run([]() -> Coro<> {
        const auto task = create_task(testing::forever(), eager);
        EXPECT_TRUE(task.cancel("enough"));
        EXPECT_EQ(task.cancelling(), 1U);
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: enough");
    }());
}

TEST(EagerTask, that_is_done_is_not_cancelled) {
    run([]() -> Coro<> {
        const auto task = create_task(testing::value_after(0, 8), eager);
        EXPECT_FALSE(task.cancel());
        EXPECT_EQ(co_await task, 8);
        EXPECT_FALSE(task.cancelled());
    }());
}

TEST(EagerTask, every_task_is_one_when_the_loop_says_so) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        EXPECT_FALSE(loop.eager_tasks);
        loop.eager_tasks = true;
        const auto begin = [&]() -> Coro<> {
            trace.note("begun");
            co_return;
        };
        const auto task = create_task(begin);
        trace.note("created");
        EXPECT_TRUE(task.done());
        EXPECT_EQ(loop.create_task(testing::value_after(0, 2)).result(), 2);

        loop.eager_tasks = false;
        const auto other = create_task(begin);
        trace.note("created");
        EXPECT_FALSE(other.done());
        co_await other;
    }());
    EXPECT_EQ(trace.taken(), "begun created created begun");
}

TEST(EagerTask, that_ends_the_program_ends_the_run) {
    Trace trace;
    EXPECT_EQ(testing::thrown_by([&] {
                  run([&]() -> Coro<> {
                      create_task(eager, []() -> Coro<> {
                          throw SystemExit{4};
                          co_return;
                      });
                      co_await testing::turns(5);
                      trace.note("went on");
                  }());
              }),
              "hocket::SystemExit: 4");
    EXPECT_EQ(trace.taken(), "");
}

TEST(EagerTask, its_failure_is_reported_if_nobody_looks) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        create_task(testing::failure_after(0, "x"), eager);
        EXPECT_EQ(errors.taken(), "Task exception was never retrieved | hocket::RuntimeError: x");
        co_return;
    }());
}

}  // namespace
}  // namespace hocket
