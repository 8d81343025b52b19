// SPDX-License-Identifier: MIT
// Cancelling tasks: at every point of their lives, once and again, by others and by themselves.
#include <hocket/core/task.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::ending_of;
using testing::forever;
using testing::Trace;

TEST(Cancel, throws_at_the_await) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task([&]() -> Coro<> {
            try {
                co_await forever();
            } catch (const CancelledError& e) {
                trace.note("caught " + std::string(e.message()));
                throw;
            }
        });
        co_await testing::turns(2);
        EXPECT_TRUE(task.cancel("enough"));
        EXPECT_FALSE(task.done());
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: enough");
        EXPECT_TRUE(task.cancelled());
        EXPECT_FALSE(task.cancel());
    }());
    EXPECT_EQ(trace.taken(), "caught enough");
}

// 15
TEST(Cancel, before_the_first_step_the_body_never_runs) {
    Trace trace;
    Census census;
    run([&]() -> Coro<> {
        const auto task = create_task(
            [&](const Census::Member&) -> Coro<> {
                trace.note("body");
                co_return;
            },
            census.member());
        EXPECT_TRUE(task.cancel("early"));
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: early");
        EXPECT_EQ(census.alive(), 0);
    }());
    EXPECT_EQ(trace.taken(), "");
}

// 16
TEST(Cancel, reaches_what_is_awaited_through_tasks_and_coroutines) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> innermost;
        const auto inner = create_task([&]() -> Coro<> { co_await innermost; });
        const auto nested = [&]() -> Coro<> { co_await inner; };
        const auto outer = create_task([&]() -> Coro<> { co_await nested(); });
        co_await testing::turns(3);
        EXPECT_TRUE(outer.cancel("all"));
        EXPECT_TRUE(innermost.cancelled());
        EXPECT_EQ(co_await ending_of(outer), "hocket::CancelledError: all");
        EXPECT_TRUE(inner.cancelled());
        EXPECT_EQ(inner.cancelling(), 1U);
    }());
}

TEST(Cancel, of_what_is_awaited_cancels_the_waiter_too) {
    run([]() -> Coro<> {
        const Future<> f;
        const auto task = create_task([](Future<> x) -> Coro<> { co_await x; }, f);
        co_await testing::turns(1);
        f.cancel("inner");
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: inner");
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(task.cancelling(), 0U);
    }());
}

// 17
TEST(Cancel, between_the_futures_end_and_the_wakeup_wins_and_the_result_is_lost) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<int> f;
        const auto task = create_task([&]() -> Coro<> { trace.note(co_await ending_of(f)); });
        co_await testing::turns(1);
        f.set_result(1);
        EXPECT_TRUE(task.cancel());
        co_await task;
    }());
    EXPECT_EQ(trace.taken(), "hocket::CancelledError");
}

// 17
TEST(Cancel, after_a_task_ended_and_before_its_waiter_goes_on_wins) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto inner = create_task(testing::value_after(1, 5));
        const auto outer = create_task([&]() -> Coro<> { trace.note(co_await ending_of(inner)); });
        while (!inner.done()) co_await hocket::sleep(0);
        EXPECT_FALSE(outer.done());
        outer.cancel();
        co_await outer;
        EXPECT_EQ(inner.result(), 5);
    }());
    EXPECT_EQ(trace.taken(), "hocket::CancelledError");
}

// 17: a result that owns something is released
TEST(Cancel, a_lost_result_is_released) {
    Census census;
    run([&]() -> Coro<> {
        const auto taker = create_task([&]() -> Coro<> {
            const auto member =
                co_await create_task([](Census& c) -> Coro<Census::Member> { co_return c.member(); }, std::ref(census));
        });
        while (census.alive() == 0) co_await hocket::sleep(0);
        taker.cancel();
        EXPECT_EQ(co_await ending_of(taker), "hocket::CancelledError");
        EXPECT_EQ(census.alive(), 0);
    }());
}

// 18
TEST(Cancel, twice_before_the_step_throws_once) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task([&]() -> Coro<> {
            trace.note(co_await ending_of(forever()));
            co_await testing::turns(3);
            trace.note("undisturbed");
        });
        co_await testing::turns(2);
        task.cancel();
        task.cancel();
        EXPECT_EQ(task.cancelling(), 2U);
        co_await task;
        EXPECT_EQ(task.cancelling(), 2U);
    }());
    EXPECT_EQ(trace.taken(), "hocket::CancelledError undisturbed");
}

// 18: what the first cancel set off is what is thrown; before the first step, nothing is set off
TEST(Cancel, twice_throws_with_the_message_of_the_one_that_arrived_first) {
    run([]() -> Coro<> {
        const auto sleeping = []() -> Coro<> { co_await hocket::sleep(1h); };
        const auto cancelled_twice = [](const Task<>& task) {
            task.cancel("first");
            task.cancel("second");
            return ending_of(task);
        };
        const auto sleeper = create_task(sleeping()), waiter = create_task(forever()), silent = create_task(sleeping());
        co_await testing::turns(1);
        EXPECT_EQ(co_await cancelled_twice(sleeper), "hocket::CancelledError: first");
        EXPECT_EQ(co_await cancelled_twice(waiter), "hocket::CancelledError: first");
        silent.cancel("first");
        silent.cancel();
        EXPECT_EQ(co_await ending_of(silent), "hocket::CancelledError: first");
        EXPECT_EQ(co_await cancelled_twice(create_task(sleeping())), "hocket::CancelledError: second");
    }());
}

// 19
TEST(Cancel, during_the_cleanup_throws_again) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task([&]() -> Coro<> {
            trace.note(co_await ending_of(forever()));
            trace.note(co_await ending_of(forever()));
        });
        co_await testing::turns(2);
        task.cancel("one");
        co_await testing::turns(1);
        task.cancel("two");
        co_await task;
    }());
    EXPECT_EQ(trace.taken(), "hocket::CancelledError: one hocket::CancelledError: two");
}

// 20
TEST(Cancel, of_oneself_before_the_return_drops_the_result) {
    Census census;
    run([&]() -> Coro<> {
        Task<Census::Member> task;
        task = create_task([&]() -> Coro<Census::Member> {
            task.cancel("self");
            co_return census.member();
        });
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: self");
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(census.alive(), 0);
    }());
}

// 20: but what it throws stands
TEST(Cancel, of_oneself_before_a_throw_leaves_the_exception) {
    run([]() -> Coro<> {
        Task<> task;
        task = create_task([&]() -> Coro<> {
            task.cancel();
            throw RuntimeError("mine");
            co_return;
        });
        EXPECT_EQ(co_await ending_of(task), "hocket::RuntimeError: mine");
        EXPECT_FALSE(task.cancelled());
    }());
}

// 21
TEST(Cancel, of_oneself_ends_the_next_wait_at_once) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> f;
        for (int kind = 0; kind < 4; ++kind) {
            Task<> task;
            task = create_task([&]() -> Coro<> {
                task.cancel("self");
                co_await testing::turns(0);
                const Task<> other = create_task(forever());
                switch (kind) {
                    case 0: trace.note(co_await ending_of(f)); break;
                    case 1: trace.note(co_await ending_of(hocket::sleep(1h))); break;
                    case 2: trace.note(co_await ending_of(hocket::sleep(0))); break;
                    default: trace.note(co_await ending_of(other)); break;
                }
                other.cancel();
            });
            co_await task;
        }
        EXPECT_TRUE(f.cancelled());
    }());
    EXPECT_EQ(trace.taken(),
              "hocket::CancelledError: self hocket::CancelledError: self hocket::CancelledError: self "
              "hocket::CancelledError: self");
}

// 21: awaiting what is done does not wait, and so does not throw
TEST(Cancel, of_oneself_passes_by_what_is_done) {
    run([]() -> Coro<> {
        Task<std::string> task;
        task = create_task([&]() -> Coro<std::string> {
            const Future<int> done;
            done.set_result(1);
            task.cancel();
            EXPECT_EQ(co_await done, 1);
            co_return co_await ending_of(hocket::sleep(0));
        });
        EXPECT_EQ(co_await task, "hocket::CancelledError");
    }());
}

// 22
TEST(Cancel, that_is_swallowed_leaves_a_success_and_a_count) {
    run([]() -> Coro<> {
        const auto task = create_task([]() -> Coro<int> {
            static_cast<void>(co_await ending_of(forever()));
            co_return 1;
        });
        co_await testing::turns(2);
        task.cancel();
        EXPECT_EQ(co_await task, 1);
        EXPECT_FALSE(task.cancelled());
        EXPECT_EQ(task.cancelling(), 1U);
    }());
}

// 23
TEST(Uncancel, to_zero_withdraws_a_cancel_that_is_not_delivered_yet) {
    run([]() -> Coro<> {
        Task<int> task;
        task = create_task([&]() -> Coro<int> {
            task.cancel();
            task.cancel();
            EXPECT_EQ(task.uncancel(), 1U);
            EXPECT_EQ(task.uncancel(), 0U);
            EXPECT_EQ(task.uncancel(), 0U);
            co_await hocket::sleep(0);
            co_return 1;
        });
        EXPECT_EQ(co_await task, 1);
        const auto early = create_task(testing::value_after(1, 2));
        early.cancel();
        early.uncancel();
        EXPECT_EQ(co_await early, 2);
    }());
}

TEST(Uncancel, above_zero_withdraws_nothing) {
    run([]() -> Coro<> {
        Task<> task;
        task = create_task([&]() -> Coro<> {
            task.cancel();
            task.cancel();
            EXPECT_EQ(task.uncancel(), 1U);
            co_await hocket::sleep(0);
        });
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
    }());
}

TEST(Uncancel, does_not_call_back_what_has_reached_the_awaited) {
    run([]() -> Coro<> {
        const auto task = create_task([]() -> Coro<> { co_await hocket::sleep(1h); });
        co_await testing::turns(1);
        task.cancel();
        EXPECT_EQ(task.uncancel(), 0U);
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
    }());
}

// 24
TEST(Cancel, an_error_of_ones_own_accord_marks_the_task_cancelled) {
    run([]() -> Coro<> {
        const auto task = create_task([]() -> Coro<int> {
            throw CancelledError("mine");
            co_return 1;
        });
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: mine");
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(task.cancelling(), 0U);
    }());
}

// 25
TEST(Cancel, is_not_caught_as_a_std_exception) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task([&]() -> Coro<> {
            try {
                co_await forever();
            } catch (const std::exception&) {
                trace.note("caught");
            }
            trace.note("went on");
        });
        co_await testing::turns(2);
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
    }());
    EXPECT_EQ(trace.taken(), "");
}

// 43
TEST(Cancel, of_a_child_is_not_one_of_its_waiter) {
    run([]() -> Coro<> {
        const auto parent = create_task([]() -> Coro<unsigned> {
            const auto child = create_task(forever());
            co_await testing::turns(1);
            child.cancel();
            EXPECT_EQ(co_await ending_of(child), "hocket::CancelledError");
            co_return current_task().cancelling();
        });
        EXPECT_EQ(co_await parent, 0U);
    }());
}

}  // namespace
}  // namespace hocket
