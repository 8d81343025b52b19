// SPDX-License-Identifier: MIT
// What cancelling leaves: the states of the task and of what it awaited, and the message in whatever asks for the result.
#include <hocket/core/task.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::forever;
using testing::LoopErrors;
using testing::thrown_by;
using testing::Trace;

TEST(Cancel, may_be_asked_for_again_until_the_task_has_ended) {
    run([]() -> Coro<> {
        const auto task = create_task(forever());
        EXPECT_EQ(task.cancelling(), 0U);
        EXPECT_TRUE(task.cancel());
        EXPECT_EQ(task.cancelling(), 1U);
        EXPECT_TRUE(task.cancel());
        EXPECT_EQ(task.cancelling(), 2U);
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_FALSE(task.cancel());
    }());
}

TEST(Cancel, by_a_callback_ends_a_sleep_at_once) {
    run([]() -> Coro<> {
        const auto task = create_task([]() -> Coro<int> { co_return co_await hocket::sleep(1h, 12); });
        get_running_loop().call_soon([task] { task.cancel(); });
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_TRUE(task.done());
        EXPECT_TRUE(task.cancelled());
        EXPECT_FALSE(task.cancel());
    }());
}

TEST(Cancel, of_a_task_that_only_gives_others_a_turn_ends_it) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task([&]() -> Coro<int> {
            trace.note("begun");
            co_await hocket::sleep(0);
            trace.note("not reached");
            co_await hocket::sleep(0);
            co_return 12;
        });
        co_await testing::turns(1);
        EXPECT_TRUE(task.cancel());
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_TRUE(task.done());
        EXPECT_TRUE(task.cancelled());
        EXPECT_FALSE(task.cancel());
    }());
    EXPECT_EQ(trace.taken(), "begun");
}

TEST(Cancel, of_a_task_and_of_what_it_awaits_ends_both) {
    run([]() -> Coro<> {
        const Future<> awaited;
        const auto task = create_task([](Future<> f) -> Coro<> { co_await f; }, awaited);
        co_await testing::turns(1);
        EXPECT_TRUE(awaited.cancel());
        EXPECT_TRUE(task.cancel());
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_TRUE(task.done());
        EXPECT_TRUE(awaited.cancelled());
        EXPECT_TRUE(task.cancelled());
    }());
}

TEST(Cancel, that_is_caught_gives_the_result_and_the_awaited_is_cancelled_all_the_same) {
    run([]() -> Coro<> {
        const Future<> first, second;
        const auto task = create_task([&]() -> Coro<int> {
            co_await first;
            const std::string ending = co_await ending_of(second);
            co_return ending == "hocket::CancelledError" ? 42 : 0;
        });
        co_await testing::turns(1);
        first.set_result();
        co_await testing::turns(1);
        task.cancel();
        EXPECT_TRUE(second.cancelled());
        EXPECT_EQ(co_await task, 42);
        EXPECT_FALSE(task.cancelled());
    }());
}

TEST(Cancel, that_is_ignored_leaves_the_next_wait_alone) {
    run([]() -> Coro<> {
        const Future<> first;
        const Future<int> second;
        const auto task = create_task([&]() -> Coro<int> {
            static_cast<void>(co_await ending_of(first));
            co_return co_await second;
        });
        co_await testing::turns(1);
        task.cancel();
        EXPECT_TRUE(first.cancelled());
        co_await testing::turns(2);
        EXPECT_FALSE(task.done());
        second.set_result(42);
        EXPECT_EQ(co_await task, 42);
        EXPECT_FALSE(second.cancelled());
        EXPECT_FALSE(task.cancelled());
    }());
}

TEST(Cancel, passes_through_the_frame_that_throws_it_on_and_ends_at_the_one_that_keeps_it) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> awaited;
        const auto inner = [&]() -> Coro<> {
            try {
                co_await awaited;
            } catch (const CancelledError&) {
                trace.note("inner");
                throw;
            }
        };
        const auto task = create_task([&]() -> Coro<> {
            try {
                co_await inner();
                trace.note("not reached");
            } catch (const CancelledError&) {
                trace.note("outer");
            }
        });
        co_await testing::turns(1);
        task.cancel();
        co_await task;
        EXPECT_FALSE(task.cancelled());
        EXPECT_TRUE(awaited.cancelled());
    }());
    EXPECT_EQ(trace.taken(), "inner outer");
}

// 21
TEST(Cancel, of_oneself_ends_the_task_at_its_next_wait) {
    Trace trace;
    run([&]() -> Coro<> {
        Task<int> task;
        task = create_task([&]() -> Coro<int> {
            EXPECT_TRUE(task.cancel());
            EXPECT_FALSE(task.cancelled());
            trace.note("goes on");
            co_await hocket::sleep(1h);
            trace.note("not reached");
            co_return 12;
        });
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_TRUE(task.done());
        EXPECT_TRUE(task.cancelled());
        EXPECT_FALSE(task.cancel());
        EXPECT_TRUE(get_running_loop().timers().empty());
    }());
    EXPECT_EQ(trace.taken(), "goes on");
}

// 21
TEST(Cancel, of_oneself_reaches_the_task_that_is_awaited_next) {
    run([]() -> Coro<> {
        const Future<> innermost;
        Task<> task, nested;
        task = create_task([&]() -> Coro<> {
            nested = create_task([&]() -> Coro<> { co_await innermost; });
            co_await testing::turns(1);
            task.cancel();
            co_await nested;
        });
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_TRUE(task.cancelled());
        EXPECT_TRUE(nested.cancelled());
        EXPECT_TRUE(innermost.cancelled());
    }());
}

TEST(Cancel, of_what_has_failed_counts_as_having_looked) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        {
            const auto task = create_task(testing::failure_after(0, "in a task"));
            const Future<int> future;
            future.set_exception(RuntimeError("in a future"));
            co_await testing::turns(2);
            EXPECT_FALSE(task.cancel());
            EXPECT_FALSE(future.cancel("too late"));
        }
        EXPECT_EQ(errors.taken(), "");
    }());
}

// ---- The message, in what asks for the result

Coro<> result_of(Task<> task) {
    task.result();
    co_return;
}
Coro<> exception_of(Task<> task) {
    static_cast<void>(task.exception());
    co_return;
}

TEST(CancelMessage, is_in_what_result_and_exception_throw) {
    run([]() -> Coro<> {
        for (const bool begun : {true, false}) {
            const auto silent = create_task(forever()), spoken = create_task(forever());
            if (begun) co_await testing::turns(1);
            silent.cancel();
            spoken.cancel("my message");
            while (!silent.done() || !spoken.done()) co_await hocket::sleep(0);
            EXPECT_EQ(thrown_by([&] { silent.result(); }), "hocket::CancelledError");
            EXPECT_EQ(thrown_by([&] { spoken.result(); }), "hocket::CancelledError: my message");
            EXPECT_EQ(thrown_by([&] { static_cast<void>(silent.exception()); }), "hocket::CancelledError");
            EXPECT_EQ(thrown_by([&] { static_cast<void>(spoken.exception()); }), "hocket::CancelledError: my message");
            // A task that does not catch it ends with it, and with its message.
            const auto by_result = create_task(result_of(spoken)), by_exception = create_task(exception_of(spoken));
            EXPECT_EQ(co_await ending_of(by_result), "hocket::CancelledError: my message");
            EXPECT_EQ(co_await ending_of(by_exception), "hocket::CancelledError: my message");
            EXPECT_TRUE(by_result.cancelled() && by_exception.cancelled());
            EXPECT_EQ(co_await ending_of(create_task(result_of(silent))), "hocket::CancelledError");
        }
    }());
}

}  // namespace
}  // namespace hocket
