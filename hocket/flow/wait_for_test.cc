// SPDX-License-Identifier: MIT
// wait_for: in whose task it runs, what a limit of nothing means, and which of several endings wins.
#include <hocket/flow/wait_for.h>

#include <hocket/core/context.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/async_generator.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/shield.h>
#include <hocket/flow/traces_test.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::forever;
using testing::stubborn;
using testing::Trace;
using testing::turns;
using testing::value_after;
using testing::with_ticks;

TEST(WaitFor, gives_the_result_in_time) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await wait_for(value_after(1, 1), 1h), 1);
        EXPECT_EQ(co_await wait_for(create_task(value_after(1, std::string("two"))), 1h), "two");
        const auto kept = create_task(value_after(1, std::string("three")));
        EXPECT_EQ(co_await wait_for(kept, 1h), "three");
        EXPECT_EQ(kept.result(), "three");
        EXPECT_EQ(*co_await wait_for(create_task(value_after(1, std::make_unique<int>(4))), 1h), 4);
        co_await wait_for(hocket::sleep(1ms), 1h);
        co_await wait_for(AnyTask(kept), 1h);
        auto [a, b] = co_await wait_for(gather(value_after(1, 5), value_after(2, 6)), 1h);
        EXPECT_EQ(a + b, 11);
        int target = 0;
        EXPECT_EQ(&co_await wait_for([](int& t) -> Coro<int&> { co_return t; }(target), 1h), &target);
        EXPECT_TRUE(get_running_loop().timers().empty());
    }());
}

// A request that is sent when it is awaited.
struct Request {
    int& number;
    Coro<int&> operator co_await() && {
        return [](int& n) -> Coro<int&> {
            co_await turns(1);
            co_return n;
        }(number);
    }
};

TEST(WaitFor, takes_what_has_an_operator_co_await) {
    run([]() -> Coro<> {
        int number = 7;
        EXPECT_EQ(co_await wait_for(Request{number}, 1h), 7);
        EXPECT_EQ(co_await ending_of(wait_for(Request{number}, 0s)), "hocket::TimeoutError: timed out");
    }());
}

AsyncGenerator<int> count_to(int n) {
    for (int i = 1; i <= n; ++i) {
        co_await turns(1);
        co_yield i;
    }
}

TEST(WaitFor, takes_awaitables_that_hold_a_coroutine) {
    run([]() -> Coro<> {
        auto numbers = count_to(3);
        EXPECT_EQ(*co_await wait_for(numbers.next(), 1h), 1);
        EXPECT_EQ(*co_await numbers.next(), 2);
        EXPECT_EQ(co_await wait_for(wait_for(value_after(1, 7), 1h), 2h), 7);
        EXPECT_EQ(co_await wait_for(timeout(1h, value_after(1, 8)), 2h), 8);
        EXPECT_EQ(co_await ending_of(wait_for(wait_for(forever(), 1ms), 1h)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(co_await ending_of(wait_for(wait_for(forever(), 1h), 1ms)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(co_await ending_of(wait_for(wait_for(forever(), 1ms), 1ms)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(co_await ending_of(wait_for(timeout(1h, forever()), 1ms)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(testing::cancelling(), 0u);
        EXPECT_TRUE(get_running_loop().timers().empty());
    }());
}

TEST(WaitFor, throws_when_the_time_is_over) {
    Trace trace;
    run([&]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(wait_for(forever(), 1ms)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(co_await ending_of(wait_for(hocket::sleep(1h), 1ms)), "hocket::TimeoutError: timed out");
        const auto task = create_task(stubborn(trace, 0, 1));
        EXPECT_EQ(co_await ending_of(wait_for(task, 1ms)), "hocket::TimeoutError: timed out");
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(co_await ending_of(wait_for(Future<int>(), 1ms)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(testing::cancelling(), 0u);
    }());
}

TEST(WaitFor, none_is_no_limit) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await wait_for(value_after(3, 1), std::nullopt), 1);
        EXPECT_EQ(co_await wait_for(create_task(value_after(3, 1)), std::nullopt), 1);
    }());
}

TEST(WaitFor, may_be_gathered) {
    run([]() -> Coro<> {
        auto [a, b] = co_await gather(settle, wait_for(value_after(1, 1), 1h), wait_for(create_task(forever()), 1ms));
        EXPECT_EQ(*a, 1);
        EXPECT_EQ(b.error(), "hocket::TimeoutError: timed out");
    }());
}

// 30
TEST(WaitFor, runs_a_coroutine_in_the_callers_task) {
    static ContextVar<int> variable("variable", 0);
    run([]() -> Coro<> {
        const AnyTask outside = current_task();
        const auto body = [&]() -> Coro<bool> {
            variable.set(7);
            co_return current_task() == outside;
        };
        EXPECT_TRUE(co_await wait_for(body(), 1h));
        EXPECT_EQ(variable.get(), 7);
    }());
}

// 31
TEST(WaitFor, with_no_time_never_starts_a_coroutine) {
    Trace trace;
    run([&]() -> Coro<> {
        for (const auto limit : {0s, -1s}) {
            const auto body = [&]() -> Coro<> {
                trace.note("started");
                co_return;
            };
            EXPECT_EQ(co_await ending_of(wait_for(body(), limit)), "hocket::TimeoutError: timed out");
        }
    }());
    EXPECT_EQ(trace.taken(), "");
}

// 31
TEST(WaitFor, with_no_time_gives_what_is_done) {
    run([]() -> Coro<> {
        const Future<int> future, failed, cancelled;
        future.set_result(1);
        failed.set_exception(RuntimeError("a"));
        cancelled.cancel();
        EXPECT_EQ(co_await wait_for(future, 0s), 1);
        EXPECT_EQ(co_await ending_of(wait_for(failed, 0s)), "hocket::RuntimeError: a");
        EXPECT_EQ(co_await ending_of(wait_for(cancelled, 0s)), "hocket::CancelledError");
    }());
}

// 31
TEST(WaitFor, with_no_time_cancels_what_runs_and_waits_for_its_end) {
    Trace trace;
    run([&]() -> Coro<> {
        for (const auto limit : {0s, -1s}) {
            const auto task = create_task(stubborn(trace, 3, 1));
            co_await turns(1);
            EXPECT_EQ(co_await ending_of(wait_for(task, limit)), "hocket::TimeoutError: timed out");
            trace.note("thrown");
            EXPECT_TRUE(task.cancelled());
        }
    }());
    EXPECT_EQ(trace.taken(), "c1 x1 thrown c1 x1 thrown");
}

TEST(WaitFor, with_no_time_can_be_cancelled_itself) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task(stubborn(trace, 5, 1));
        co_await turns(1);
        const auto waiting = create_task([&]() -> Coro<> { co_await wait_for(task, 0s); });
        co_await turns(3);
        waiting.cancel();
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
        trace.note("left");
        co_await ending_of(task);
    }());
    EXPECT_EQ(trace.taken(), "c1 left x1");
}

// 32
TEST(WaitFor, a_result_that_comes_after_the_cancel_counts) {
    run([]() -> Coro<> {
        const auto body = []() -> Coro<int> {
            co_await ending_of(forever());
            co_return 42;
        };
        EXPECT_EQ(co_await wait_for(body(), 1ms), 42);
        EXPECT_EQ(co_await wait_for(create_task(body()), 1ms), 42);
    }());
}

/// Goes on for a time, whoever cancels it.
Coro<int> unstoppable(Trace& trace, Duration time) {
    const EventLoop& loop = get_running_loop();
    const TimePoint end = loop.time_after(time);
    while (loop.time() < end) {
        try {
            co_await hocket::sleep(end - loop.time());
        } catch (const CancelledError&) {
            trace.note("goes on");
        }
    }
    trace.note("ended");
    co_return 42;
}

// 32
TEST(WaitFor, waits_for_what_ignores_the_limit) {
    Trace trace;
    run([&]() -> Coro<> { EXPECT_EQ(co_await wait_for(unstoppable(trace, 5ms), 1ms), 42); }());
    EXPECT_EQ(trace.taken(), "goes on ended");
}

TEST(WaitFor, waits_for_what_ignores_a_cancel) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto waiting =
            create_task([&]() -> Coro<int> { co_return co_await wait_for(unstoppable(trace, 5ms), 1h); });
        co_await turns(1);
        waiting.cancel();
        EXPECT_EQ(co_await waiting, 42);
        EXPECT_EQ(waiting.cancelling(), 1u);
    }());
    EXPECT_EQ(trace.taken(), "goes on ended");
}

// 33
TEST(WaitFor, waits_for_the_end_of_what_it_cancelled) {
    Trace trace;
    run([&]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(wait_for(create_task(stubborn(trace, 3, 1)), 1ms)),
                  "hocket::TimeoutError: timed out");
        trace.note("thrown");
    }());
    EXPECT_EQ(trace.taken(), "c1 x1 thrown");
}

// 33
TEST(WaitFor, an_exception_of_what_it_cancelled_wins) {
    run([]() -> Coro<> {
        const auto body = []() -> Coro<> {
            co_await ending_of(forever());
            throw RuntimeError("in clean-up");
        };
        EXPECT_EQ(co_await ending_of(wait_for(body(), 1ms)), "hocket::RuntimeError: in clean-up");
        EXPECT_EQ(co_await ending_of(wait_for(create_task(body()), 1ms)), "hocket::RuntimeError: in clean-up");
    }());
}

// 34
TEST(WaitFor, a_cancel_wins_over_a_result_that_is_there) {
    run([]() -> Coro<> {
        const auto inner = create_task(value_after(1, 1));
        const auto waiting = create_task([&]() -> Coro<> {
            co_await wait_for(inner, 1h);
            ADD_FAILURE() << "not reached";
        });
        co_await turns(2);
        EXPECT_TRUE(inner.done());
        EXPECT_FALSE(waiting.done());
        waiting.cancel();
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
        EXPECT_EQ(co_await inner, 1);
    }());
}

TEST(WaitFor, cancelled_it_cancels_what_is_awaited) {
    run([]() -> Coro<> {
        for (const std::optional<Duration> limit : {std::optional<Duration>(1h), std::optional<Duration>()}) {
            const auto inner = create_task(forever());
            const auto waiting = create_task([&]() -> Coro<> { co_await wait_for(inner, limit); });
            co_await turns(2);
            waiting.cancel();
            EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
            EXPECT_TRUE(inner.cancelled());
        }
        EXPECT_TRUE(get_running_loop().timers().empty());
    }());
}

TEST(WaitFor, what_is_shielded_goes_on) {
    run([]() -> Coro<> {
        const auto task = create_task(value_after(8, 1));
        const auto shielded = shield(task);
        EXPECT_EQ(co_await ending_of(wait_for(shielded, 0s)), "hocket::TimeoutError: timed out");
        EXPECT_TRUE(shielded.cancelled());
        EXPECT_FALSE(task.done());
        EXPECT_EQ(co_await task, 1);

        const auto slow = create_task(value_after(20ms, 2));
        EXPECT_EQ(co_await ending_of(wait_for(shield(slow), 1ms)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(slow.cancelling(), 0u);
        EXPECT_EQ(co_await slow, 2);
    }());
}

TEST(WaitFor, what_is_shielded_may_be_awaited_without_a_limit) {
    run([]() -> Coro<> {
        const auto task = create_task(value_after(3, std::string("done")));
        EXPECT_EQ(co_await wait_for(shield(task), std::nullopt), "done");
        EXPECT_TRUE(task.done());
        EXPECT_EQ(co_await task, "done");
    }());
}

TEST(WaitFor, is_awaited_once) {
    run([]() -> Coro<> {
        const auto task = create_task(value_after(1, 1));
        for (const auto limit : {Duration(0s), Duration(1h)}) {
            auto waiting = wait_for(task, limit);
            co_await ending_of<decltype(waiting)&>(waiting);
            EXPECT_EQ(co_await ending_of<decltype(waiting)&>(waiting),
                      "hocket::RuntimeError: cannot await wait_for twice");
        }
    }());
}

TEST(WaitFor, a_result_that_is_set_in_time_is_given) {
    run([]() -> Coro<> {
        const Future<std::string> future;
        get_running_loop().call_soon([&] { future.set_result("ok"); });
        EXPECT_EQ(co_await wait_for(future, 1h), "ok");
    }());
}

TEST(WaitFor, adds_no_iteration) {
    EXPECT_EQ(with_ticks(2, [](Trace&) -> Coro<> { co_await wait_for(turns(1), 1h); }), "t0 done t1");
    EXPECT_EQ(with_ticks(5, [](Trace&) -> Coro<> { co_await wait_for(create_task(turns(2)), 1h); }),
              "t0 t1 t2 t3 done t4");
}

TEST(WaitFor, with_no_time_takes_three_iterations) {
    EXPECT_EQ(with_ticks(4, [](Trace&) -> Coro<> { co_await ending_of(wait_for(turns(1), 0s)); }), "t0 t1 t2 done t3");
}

}  // namespace
}  // namespace hocket
