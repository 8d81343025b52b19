// SPDX-License-Identifier: MIT
// timeout and timeout_at: whose cancellation it was, and what may be done with a limit.
#include <hocket/flow/timeout.h>

#include <hocket/core/sleep.h>
#include <hocket/core/task.h>
#include <hocket/flow/traces_test.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::cancelling;
using testing::ending_of;
using testing::forever;
using ::testing::StartsWith;
using testing::stubborn;
using testing::thrown_by;
using testing::Trace;
using testing::turns;
using testing::value_after;

TEST(Timeout, throws_when_the_body_takes_too_long) {
    Trace trace;
    run([&]() -> Coro<> {
        Timeout limit;
        EXPECT_EQ(co_await ending_of(timeout(5ms,
                                             [&](Timeout& t) -> Coro<> {
                                                 limit = t;
                                                 co_await stubborn(trace, 2, 1);
                                             })),
                  "hocket::TimeoutError: timed out");
        EXPECT_TRUE(limit.expired());
        EXPECT_EQ(cancelling(), 0u);
    }());
    EXPECT_EQ(trace.taken(), "c1 x1");
}

TEST(Timeout, gives_what_the_body_gives_in_time) {
    run([]() -> Coro<> {
        Timeout limit;
        const int value = co_await timeout(1h, [&](Timeout& t) -> Coro<int> {
            limit = t;
            co_await turns(1);
            co_return 42;
        });
        EXPECT_EQ(value, 42);
        EXPECT_FALSE(limit.expired());
        EXPECT_GT(*limit.when(), get_running_loop().time());
        EXPECT_TRUE(get_running_loop().timers().empty());
    }());
}

TEST(Timeout, takes_bodies_of_every_shape) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await timeout(1h, value_after(1, 1)), 1);
        EXPECT_EQ(co_await timeout(1h, [] { return value_after(1, 2); }), 2);
        EXPECT_EQ(co_await timeout(1h, [](Timeout) { return value_after(1, 3); }), 3);
        EXPECT_EQ(
            *co_await timeout(
                1h, [p = std::make_unique<int>(4)]() mutable -> Coro<std::unique_ptr<int>> { co_return std::move(p); }),
            4);
        int target = 0;
        EXPECT_EQ(&co_await timeout(1h, [&]() -> Coro<int&> { co_return target; }), &target);
    }());
}

TEST(Timeout, keeps_its_body_until_it_is_awaited) {
    run([]() -> Coro<> {
        const auto make = [](std::string text) {
            return timeout(1h, [text]() -> Coro<std::size_t> { co_return text.size(); });
        };
        auto limited = make(std::string(40, 'x'));
        EXPECT_EQ(co_await std::move(limited), 40u);
    }());
}

TEST(Timeout, runs_in_the_callers_task) {
    run([]() -> Coro<> {
        const AnyTask outside = current_task();
        EXPECT_TRUE(co_await timeout(1h, [&]() -> Coro<bool> { co_return current_task() == outside; }));
    }());
}

TEST(Timeout, at_a_point_of_time) {
    run([]() -> Coro<> {
        const TimePoint deadline = get_running_loop().time() + 5ms;
        Timeout limit;
        EXPECT_EQ(co_await ending_of(timeout_at(deadline,
                                                [&](Timeout& t) -> Coro<> {
                                                    limit = t;
                                                    co_await forever();
                                                })),
                  "hocket::TimeoutError: timed out");
        EXPECT_TRUE(limit.expired());
        EXPECT_EQ(limit.when(), std::optional(deadline));
        EXPECT_GE(get_running_loop().time(), deadline);
    }());
}

TEST(Timeout, none_is_no_limit) {
    run([]() -> Coro<> {
        Timeout limit;
        const auto body = [&](Timeout& t) -> Coro<> {
            limit = t;
            EXPECT_EQ(t.when(), std::nullopt);
            co_await turns(2);
        };
        co_await timeout(std::nullopt, body);
        EXPECT_FALSE(limit.expired());
        EXPECT_EQ(limit.when(), std::nullopt);
        co_await timeout_at(std::nullopt, body);
        EXPECT_FALSE(limit.expired());
        EXPECT_EQ(limit.when(), std::nullopt);
        co_await timeout(std::nullopt, turns(1));
    }());
}

// 37
TEST(Timeout, of_nothing_does_not_interrupt_code_that_does_not_wait) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await timeout(0s, []() -> Coro<int> { co_return 1; }), 1);
        co_await turns(2);  // and does not come later
        EXPECT_EQ(cancelling(), 0u);
    }());
}

// 37
TEST(Timeout, of_nothing_interrupts_the_first_wait) {
    Trace trace;
    run([&]() -> Coro<> {
        const EventLoop& loop = get_running_loop();
        Timeout limit;
        for (const auto delay : {0s, -11s}) {
            for (const auto wait : {0s, 10s}) {
                const auto body = [&](Timeout& t) -> Coro<> {
                    limit = t;
                    trace.note("in");
                    co_await hocket::sleep(wait);
                    trace.note("not reached");
                };
                const TimePoint before = loop.time();
                EXPECT_EQ(co_await ending_of(timeout(delay, body)), "hocket::TimeoutError: timed out");
                EXPECT_TRUE(limit.expired());
                EXPECT_GE(*limit.when(), before + delay);
                EXPECT_LE(*limit.when(), loop.time() + delay);
            }
        }
    }());
    EXPECT_EQ(trace.taken(), "in in in in");
}

// 32
TEST(Timeout, a_body_that_returns_all_the_same_counts) {
    run([]() -> Coro<> {
        const int value = co_await timeout(1ms, []() -> Coro<int> {
            EXPECT_EQ(co_await ending_of(forever()), "hocket::CancelledError");
            co_return 42;
        });
        EXPECT_EQ(value, 42);
        EXPECT_EQ(cancelling(), 0u);
    }());
}

// 35
TEST(Timeout, an_exception_of_the_body_counts) {
    run([]() -> Coro<> {
        Timeout limit;
        EXPECT_EQ(co_await ending_of(timeout(1h,
                                             [&](Timeout& t) -> Coro<> {
                                                 limit = t;
                                                 throw RuntimeError("early");
                                                 co_return;
                                             })),
                  "hocket::RuntimeError: early");
        EXPECT_FALSE(limit.expired());
        EXPECT_EQ(co_await ending_of(timeout(1ms,
                                             []() -> Coro<> {
                                                 co_await ending_of(forever());
                                                 throw RuntimeError("in clean-up");
                                             })),
                  "hocket::RuntimeError: in clean-up");
        EXPECT_EQ(cancelling(), 0u);
    }());
}

// 35
TEST(Timeout, a_cancel_of_somebody_else_stays_one) {
    run([]() -> Coro<> {
        Timeout limit;
        const auto task = create_task([&]() -> Coro<> {
            co_await timeout(1h, [&](Timeout& t) -> Coro<> {
                limit = t;
                co_await forever();
            });
        });
        co_await turns(1);
        task.cancel("enough");
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: enough");
        EXPECT_FALSE(limit.expired());
    }());
}

// 35
TEST(Timeout, a_cancel_that_the_body_asks_for_stays_one) {
    run([]() -> Coro<> {
        Timeout limit;
        EXPECT_EQ(co_await ending_of(timeout(1h,
                                             [&](Timeout& t) -> Coro<> {
                                                 limit = t;
                                                 current_task().cancel();
                                                 co_await forever();
                                             })),
                  "hocket::CancelledError");
        EXPECT_FALSE(limit.expired());
    }());
}

TEST(Timeout, does_not_end_the_task_whose_wait_it_ends) {
    run([]() -> Coro<> {
        const auto task = create_task([]() -> Coro<> {
            EXPECT_EQ(co_await ending_of(timeout(1ms, forever())), "hocket::TimeoutError: timed out");
        });
        co_await task;
        EXPECT_TRUE(task.done());
        EXPECT_FALSE(task.cancelled());
    }());
}

// 36
TEST(Timeout, a_cancel_in_the_same_iteration_wins) {
    run([]() -> Coro<> {
        EXPECT_EQ(
            co_await ending_of(timeout(0s,
                                       []() -> Coro<> {
                                           get_running_loop().call_soon([task = current_task()] { task.cancel(); });
                                           co_await forever();
                                       })),
            "hocket::CancelledError");
        EXPECT_EQ(cancelling(), 1u);
    }());
}

// 38
TEST(Timeout, works_in_clean_up_after_a_cancel) {
    run([]() -> Coro<> {
        current_task().cancel();
        EXPECT_EQ(co_await ending_of(forever()), "hocket::CancelledError");
        EXPECT_EQ(co_await ending_of(timeout(0s, forever())), "hocket::TimeoutError: timed out");
        EXPECT_EQ(cancelling(), 1u);
        EXPECT_EQ(co_await ending_of(timeout(1h,
                                             []() -> Coro<> {
                                                 current_task().cancel();
                                                 co_await forever();
                                             })),
                  "hocket::CancelledError");
    }());
}

// 39
TEST(Timeout, may_be_moved_while_the_body_runs) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint first = loop.time() + 10s, second = first + 20s;
        const Future<Timeout> started;
        const auto task = create_task([&]() -> Coro<> {
            co_await timeout_at(first, [&](Timeout& t) -> Coro<> {
                started.set_result(t);
                co_await forever();
            });
        });
        const Timeout limit = co_await started;
        EXPECT_EQ(limit.when(), first);
        limit.reschedule(second);
        EXPECT_EQ(limit.when(), second);
        limit.reschedule(std::nullopt);
        EXPECT_EQ(limit.when(), std::nullopt);
        EXPECT_TRUE(loop.timers().empty());
        limit.reschedule(loop.time() + 1ms);
        EXPECT_EQ(co_await ending_of(task), "hocket::TimeoutError: timed out");
    }());
}

TEST(Timeout, taken_away_leaves_a_cancel_a_cancel) {
    run([]() -> Coro<> {
        Timeout limit;
        const auto task = create_task([&]() -> Coro<> {
            co_await timeout(1h, [&](Timeout& t) -> Coro<> {
                limit = t;
                co_await forever();
            });
        });
        co_await turns(1);
        limit.reschedule(std::nullopt);
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_FALSE(limit.expired());
    }());
}

// 39
TEST(Timeout, is_awaited_once) {
    run([]() -> Coro<> {
        std::string inside;
        std::function<Coro<std::string>()> again;
        auto limited = timeout(1h, [&]() -> Coro<> { inside = co_await again(); });
        using Limited = decltype(limited);
        again = [&] { return ending_of<Limited&>(limited); };
        co_await std::move(limited);
        EXPECT_EQ(inside, "hocket::RuntimeError: cannot await timeout twice");
        EXPECT_EQ(co_await again(), "hocket::RuntimeError: cannot await timeout twice");

        auto of_a_coroutine = timeout(1h, turns(1));
        co_await std::move(of_a_coroutine);
        EXPECT_THAT(co_await ending_of<decltype(of_a_coroutine)&>(of_a_coroutine),
                    StartsWith("hocket::RuntimeError: cannot await a coroutine twice"));
        EXPECT_TRUE(get_running_loop().timers().empty());
    }());
}

TEST(Timeout, that_is_due_may_still_be_moved) {
    run([]() -> Coro<> {
        co_await timeout(0s, [](Timeout& t) -> Coro<> {  // it is in the ready queue now
            t.reschedule(get_running_loop().time() + 1h);
            co_await turns(3);
            t.reschedule(get_running_loop().time() - 1s);
            t.reschedule(std::nullopt);
            co_await turns(3);
            t.reschedule(get_running_loop().time() - 1s);
            t.reschedule(get_running_loop().time() - 2s);
            EXPECT_EQ(co_await ending_of(turns(2)), "hocket::CancelledError");
        });
    }());
}

// 39
TEST(Timeout, cannot_be_moved_once_it_has_passed_or_ended) {
    run([]() -> Coro<> {
        const TimePoint later = get_running_loop().time_after(1h);
        Timeout limit;
        co_await timeout(0s, [&](Timeout& t) -> Coro<> {
            limit = t;
            EXPECT_EQ(co_await ending_of(forever()), "hocket::CancelledError");
            EXPECT_EQ(thrown_by([&] { t.reschedule(later); }),
                      "hocket::RuntimeError: cannot reschedule a timeout that is expiring");
        });
        EXPECT_EQ(thrown_by([&] { limit.reschedule(later); }),
                  "hocket::RuntimeError: cannot reschedule a timeout that is expired");
        EXPECT_EQ(co_await ending_of(timeout(0s,
                                             [&](Timeout& t) -> Coro<> {
                                                 limit = t;
                                                 co_await forever();
                                             })),
                  "hocket::TimeoutError: timed out");
        EXPECT_EQ(thrown_by([&] { limit.reschedule(later); }),
                  "hocket::RuntimeError: cannot reschedule a timeout that is expired");
        co_await timeout(1h, [&](Timeout& t) -> Coro<> {
            limit = t;
            co_return;
        });
        EXPECT_EQ(thrown_by([&] { limit.reschedule(later); }),
                  "hocket::RuntimeError: cannot reschedule a timeout that is finished");
        EXPECT_EQ(thrown_by([&] { Timeout().reschedule(later); }),
                  "hocket::RuntimeError: cannot reschedule an empty Timeout");
        EXPECT_FALSE(Timeout().expired());
    }());
}

TEST(Timeout, a_cancel_before_the_body_waits_is_not_a_time_limits) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(timeout(1h, []() -> Coro<> { throw CancelledError("of one's own accord"); })),
                  "hocket::CancelledError: of one's own accord");
    }());
}

TEST(Timeout, closes_with_a_loop_that_still_has_it) {
    testing::Reports reports;
    const auto loop = new_event_loop();
    Timeout limit;
    auto task = loop->create_task(
        [](Timeout& kept) -> Coro<> {
            co_await timeout(1h, [&](Timeout& t) -> Coro<> {
                kept = t;
                co_await forever();
            });
        }(limit),
        {});
    loop->run_once(0s);
    loop->close();
    EXPECT_FALSE(limit.expired());
    EXPECT_EQ(reports.count(), 1u);
}

}  // namespace
}  // namespace hocket
