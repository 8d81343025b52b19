// SPDX-License-Identifier: MIT
// Conditions: cancels and timeouts at each stage of a wait, which ends with the lock held all the same.
#include <hocket/sync/condition.h>

#include <gtest/gtest.h>
#include <hocket/flow/wait_for.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <chrono>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::ending_of;
using testing::Trace;
using testing::turns;

Coro<> wait_once(Condition& condition, Trace& trace, const char* name) {
    auto guard = co_await condition.scoped();
    co_await condition.wait();
    trace.note(name);
}

// 61
TEST(Condition, a_cancelled_wait_has_the_lock_when_it_throws) {
    auto main = []() -> Coro<> {
        Condition condition;
        co_await condition.acquire();
        const Task<> canceller = create_task(
            [](AnyTask t) -> Coro<> {
                t.cancel("enough");
                co_return;
            },
            current_task());
        EXPECT_EQ(co_await ending_of(condition.wait()), "hocket::CancelledError: enough");
        EXPECT_TRUE(condition.locked());
    };
    const auto task_main = [&]() -> Coro<> { co_await create_task(main()); };
    run(task_main());
}

// 61
TEST(Condition, a_cancelled_wait_waits_for_the_lock_before_it_throws) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        const Task<> waiter = create_task(wait_once(condition, trace, "woken"));
        co_await hocket::sleep(0);
        co_await condition.acquire();
        waiter.cancel();
        co_await turns(3);
        EXPECT_FALSE(waiter.done());
        condition.release();
        co_await turns(2);
        EXPECT_TRUE(waiter.cancelled());
        EXPECT_FALSE(condition.locked());
    };
    run(main());
}

// 61
TEST(Condition, further_cancels_do_not_keep_it_from_the_lock_and_the_last_is_thrown) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        bool had_lock = false;
        const Task<> waiter = create_task([&]() -> Coro<> {
            co_await condition.acquire();
            try {
                co_await condition.wait();
            } catch (...) {
                had_lock = condition.locked();
                throw;
            }
        });
        co_await hocket::sleep(0);
        co_await condition.acquire();
        for (const char* message : {"first", "second", "third"}) {
            waiter.cancel(message);
            co_await turns(2);
            EXPECT_FALSE(waiter.done());
        }
        condition.release();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError: third");
        EXPECT_TRUE(had_lock);
    };
    run(main());
}

TEST(Condition, a_cancel_while_it_acquires_the_lock_again_is_thrown_with_the_lock_held) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        const Task<> waiter = create_task(wait_once(condition, trace, "woken"));
        co_await hocket::sleep(0);
        co_await condition.acquire();
        condition.notify();
        co_await hocket::sleep(0);  // it is notified, and waits for the lock
        waiter.cancel("foo");
        co_await hocket::sleep(0);
        condition.release();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError: foo");
        EXPECT_EQ(trace.taken(), "");
        EXPECT_FALSE(condition.locked());
    };
    run(main());
}

TEST(Condition, a_cancel_and_a_release_at_once_leave_the_cancelled_task_with_the_lock) {
    auto main = []() -> Coro<> {
        Condition condition;
        co_await condition.acquire();
        const Task<> waiter = create_task(condition.wait());
        co_await hocket::sleep(0);
        EXPECT_FALSE(condition.locked());
        co_await condition.acquire();
        condition.notify();
        get_running_loop().call_soon([&] { waiter.cancel(); });
        get_running_loop().call_soon([&] { condition.release(); });
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError");
        EXPECT_TRUE(condition.locked());
    };
    run(main());
}

Coro<> wait_for_true(Condition& condition, const bool& value, Trace& trace) {
    auto guard = co_await condition.scoped();
    try {
        co_await condition.wait_for([&] { return value; });
    } catch (const CancelledError& e) {
        trace.note(e.message());
        throw;
    }
}

TEST(Condition, a_cancel_while_wait_for_waits_arrives_as_it_was_sent) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        const bool value = false;
        const Task<> waiter = create_task(wait_for_true(condition, value, trace));
        co_await hocket::sleep(0);
        waiter.cancel("foo");
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError: foo");
        EXPECT_EQ(trace.taken(), "foo");
        EXPECT_FALSE(condition.locked());
    };
    run(main());
}

TEST(Condition, a_cancel_while_wait_for_acquires_the_lock_again_arrives_as_it_was_sent) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        bool value = false;
        const Task<> waiter = create_task(wait_for_true(condition, value, trace));
        co_await hocket::sleep(0);
        co_await condition.acquire();
        value = true;
        condition.notify();
        co_await hocket::sleep(0);  // it is notified, and waits for the lock
        waiter.cancel("foo");
        condition.release();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError: foo");
        EXPECT_EQ(trace.taken(), "foo");
        EXPECT_FALSE(condition.locked());
    };
    run(main());
}

TEST(VirtualCondition, a_wait_that_times_out_has_the_lock_when_it_throws) {
    auto main = []() -> Coro<> {
        Condition condition;
        {
            auto guard = co_await condition.scoped();
            EXPECT_EQ(co_await ending_of(hocket::wait_for(condition.wait(), 500ms)), "hocket::TimeoutError: timed out");
            EXPECT_TRUE(condition.locked());
        }
        EXPECT_FALSE(condition.locked());
    };
    run(main());
}

// What is produced for one of two consumers reaches the other, whenever the first is cancelled.
Coro<> hands_the_notification_on(int turns_before_the_cancel) {
    Condition condition;
    int items = 0;
    auto consume = [&]() -> Coro<> {
        auto guard = co_await condition.scoped();
        co_await condition.wait_for([&] { return items > 0; });
        --items;
    };
    const Task<> first = create_task(consume());
    const Task<> second = create_task(consume());
    co_await hocket::sleep(0);
    {
        auto guard = co_await condition.scoped();
        ++items;
        condition.notify(1);
        co_await turns(turns_before_the_cancel);
        first.cancel();
    }
    co_await second;
    EXPECT_EQ(items, 0);
    EXPECT_TRUE(first.cancelled());
}

// 62
TEST(Condition, a_notified_task_that_is_cancelled_before_it_runs_notifies_another) {
    run(hands_the_notification_on(0));
}

// 62
TEST(Condition, a_notified_task_that_is_cancelled_while_it_waits_for_the_lock_notifies_another) {
    run(hands_the_notification_on(1));
}

TEST(Condition, a_cancelled_waiter_is_passed_over_by_notify) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        std::vector<Task<>> tasks;
        for (const char* name : {"1", "2", "3"}) tasks.push_back(create_task(wait_once(condition, trace, name)));
        co_await hocket::sleep(0);
        auto guard = co_await condition.scoped();
        tasks[0].cancel();
        condition.notify();
        guard.release();
        co_await tasks[1];
        EXPECT_TRUE(tasks[0].done());
        co_await turns(3);
        EXPECT_EQ(trace.taken(), "2 3");  // 3: the cancelled one notified another, to be sure
    };
    run(main());
}

}  // namespace
}  // namespace hocket
