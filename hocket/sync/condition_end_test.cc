// SPDX-License-Identifier: MIT
// What becomes of those that wait in a condition when it, its lock, the run or the loop ends.
#include <hocket/sync/condition.h>

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::ending_of;
using testing::Reports;
using testing::Trace;
using testing::turns;

Coro<> wait_once(Condition& condition, Trace& trace, const char* name) {
    auto guard = co_await condition.scoped();
    co_await condition.wait();
    trace.note(name);
}

TEST(Condition, destroyed_it_wakes_the_tasks_that_wait_with_an_error) {
    auto main = []() -> Coro<> {
        auto condition = std::make_unique<Condition>();
        Trace trace;
        const Task<> waiter = create_task(wait_once(*condition, trace, "woken"));
        co_await hocket::sleep(0);
        condition.reset();
        EXPECT_EQ(co_await ending_of(waiter),
                  "hocket::RuntimeError: Condition was destroyed while a task waited for it");
    };
    run(main());
}

TEST(Condition, destroyed_after_a_notification_it_tells_the_task_that_has_not_run) {
    auto main = []() -> Coro<> {
        for (int turns_before = 0; turns_before < 2; ++turns_before) {
            auto condition = std::make_unique<Condition>();
            const Task<> waiter = create_task(
                [](Condition& c) -> Coro<> {
                    auto guard = co_await c.scoped();
                    co_await c.wait_for([] { return false; });
                },
                std::ref(*condition));
            co_await hocket::sleep(0);
            auto guard = co_await condition->scoped();
            condition->notify();
            co_await turns(turns_before);
            condition.reset();
            EXPECT_EQ(co_await ending_of(waiter),
                      "hocket::RuntimeError: Condition was destroyed while a task waited for it");
        }
    };
    run(main());
}

TEST(Condition, destroyed_before_its_lock_the_waiter_still_has_the_lock_when_it_learns_of_it) {
    auto main = []() -> Coro<> {
        Lock lock;
        auto condition = std::make_unique<Condition>(lock);
        Trace trace;
        const Task<> waiter = create_task([&]() -> Coro<> {
            auto guard = co_await lock.scoped();
            try {
                co_await condition->wait();
            } catch (const RuntimeError&) {
                trace.note(lock.locked() ? "locked" : "not locked");
            }
        });
        co_await hocket::sleep(0);
        condition.reset();
        co_await waiter;
        EXPECT_EQ(trace.taken(), "locked");
        EXPECT_FALSE(lock.locked());
    };
    run(main());
}

TEST(Condition, whose_lock_is_destroyed_under_a_notified_task_tells_that_task) {
    auto main = []() -> Coro<> {
        auto lock = std::make_unique<Lock>();
        Condition condition(*lock);
        const Task<> waiter = create_task([&]() -> Coro<> {
            co_await lock->acquire();
            co_await condition.wait();
        });
        co_await turns(1);
        co_await lock->acquire();
        condition.notify();
        co_await turns(1);
        lock.reset();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::RuntimeError: Lock was destroyed while 1 task waited for it");
    };
    run(main());
}

TEST(Condition, tasks_that_wait_when_the_run_ends_are_cancelled_quietly) {
    Trace trace;
    Reports reports;
    auto main = [&]() -> Coro<> {
        Condition condition;
        create_task(wait_once(condition, trace, "woken"));
        const Task<> cancelled = create_task(wait_once(condition, trace, "woken"));
        co_await hocket::sleep(0);
        cancelled.cancel();  // it runs when the condition is gone
    };
    run(main());
    EXPECT_EQ(trace.taken(), "");
    EXPECT_EQ(reports.taken(), "");
}

// Closes a loop in which a task with a guard waits in `condition`, and then another has run.
void close_under_a_waiter(Condition& condition, Coro<> other) {
    const auto loop = new_event_loop();
    loop->set_exception_handler([](EventLoop&, const ErrorContext&) {});  // "Task was destroyed but it is pending!"
    const Task<> waiting = loop->create_task([](Condition& c) -> Coro<> {
        auto guard = co_await c.scoped();
        co_await c.wait();
    }(condition));
    const Task<> second = loop->create_task(std::move(other));
    for (int i = 0; i < 4; ++i) loop->run_once(0s);
    loop->close();
}

TEST(OnceCondition, a_task_that_is_destroyed_while_it_waits_releases_nothing) {
    Reports reports;
    Condition condition;
    close_under_a_waiter(condition, turns(0));
    EXPECT_FALSE(condition.locked());
    EXPECT_EQ(reports.taken(), "");
}

TEST(OnceCondition, a_task_that_is_destroyed_while_it_waits_leaves_the_lock_to_who_has_it) {
    Reports reports;
    Condition condition;
    close_under_a_waiter(condition, [](Condition& c) -> Coro<> {
        co_await c.acquire();
        c.notify();  // the other waits for the lock now
        co_await hocket::sleep(1h);
    }(condition));
    EXPECT_TRUE(condition.locked());
    EXPECT_EQ(reports.taken(), "");
}

TEST(OnceCondition, what_a_destroyed_wait_left_undone_does_not_count_in_the_next_run) {
    Condition condition;
    const auto loop = new_event_loop();
    loop->set_exception_handler([](EventLoop&, const ErrorContext&) {});
    const Task<> waiting = loop->create_task([](Condition& c) -> Coro<> {
        co_await c.acquire();
        co_await c.wait();
    }(condition));
    for (int i = 0; i < 2; ++i) loop->run_once(0s);
    loop->close();
    run([](Condition& c) -> Coro<> {
        co_await c.acquire();
        c.release();
        EXPECT_FALSE(c.locked());
    }(condition));
}

}  // namespace
}  // namespace hocket
