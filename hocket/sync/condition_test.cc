// SPDX-License-Identifier: MIT
// Conditions: notifications, the lock on the way back, the loop that they belong to.
#include <hocket/sync/condition.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::ending_of;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;
using testing::turns;

Coro<> wait_once(Condition& condition, Trace& trace, const char* name) {
    auto guard = co_await condition.scoped();
    co_await condition.wait();
    trace.note(name);
}

// Three tasks that wait in turn.
std::vector<Task<>> waiters(Condition& condition, Trace& trace) {
    std::vector<Task<>> tasks;
    for (const char* name : {"1", "2", "3"}) tasks.push_back(create_task(wait_once(condition, trace, name)));
    return tasks;
}

TEST(Condition, wait_releases_the_lock_and_has_it_again_afterwards) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        const Task<> waiter = create_task([&]() -> Coro<> {
            co_await condition.acquire();
            co_await condition.wait();
            EXPECT_TRUE(condition.locked());
            trace.note("woken");
            condition.release();
        });
        co_await hocket::sleep(0);
        EXPECT_FALSE(condition.locked());
        co_await condition.acquire();
        condition.notify();
        co_await turns(2);
        EXPECT_EQ(trace.taken(), "");  // notified, but the lock is held
        condition.release();
        co_await waiter;
        EXPECT_EQ(trace.taken(), "woken");
        EXPECT_FALSE(condition.locked());
    };
    run(main());
}

TEST(Condition, one_notified_task_goes_on_at_each_release) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        auto wait_and_keep_the_lock = [&](const char* name) -> Coro<> {
            co_await condition.acquire();
            co_await condition.wait();
            trace.note(name);
        };
        std::vector<Task<>> tasks;
        for (const char* name : {"1", "2", "3"}) tasks.push_back(create_task(wait_and_keep_the_lock(name)));
        const auto after_a_turn = [&]() -> Coro<std::string> {
            co_await hocket::sleep(0);
            co_return trace.taken() + (condition.locked() ? ", locked" : ", free");
        };
        EXPECT_EQ(co_await after_a_turn(), ", free");
        co_await condition.acquire();
        condition.notify();
        EXPECT_EQ(co_await after_a_turn(), ", locked");
        condition.release();
        EXPECT_EQ(co_await after_a_turn(), "1, locked");
        condition.notify(2);
        EXPECT_EQ(co_await after_a_turn(), ", locked");
        condition.release();
        EXPECT_EQ(co_await after_a_turn(), "2, locked");
        condition.release();
        EXPECT_EQ(co_await after_a_turn(), "3, locked");
        for (const Task<>& t : tasks) EXPECT_TRUE(t.done());
    };
    run(main());
}

TEST(Condition, a_guard_releases_it) {
    auto main = []() -> Coro<> {
        Condition condition;
        EXPECT_FALSE(condition.locked());
        {
            auto guard = co_await condition.scoped();
            EXPECT_TRUE(condition.locked());
        }
        EXPECT_FALSE(condition.locked());
    };
    run(main());
}

TEST(Condition, notify_wakes_one_the_first_that_came) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        const auto tasks = waiters(condition, trace);
        co_await hocket::sleep(0);
        for (const char* expected : {"1", "2", "3"}) {
            {
                auto guard = co_await condition.scoped();
                condition.notify();
            }
            co_await hocket::sleep(0);
            EXPECT_EQ(trace.taken(), expected);
            co_await turns(2);
            EXPECT_EQ(trace.taken(), "");
        }
    };
    run(main());
}

TEST(Condition, notify_of_several_wakes_as_many_and_no_more_than_there_are) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        const auto tasks = waiters(condition, trace);
        co_await hocket::sleep(0);
        {
            auto guard = co_await condition.scoped();
            condition.notify(2);
        }
        co_await turns(3);
        EXPECT_EQ(trace.taken(), "1 2");
        {
            auto guard = co_await condition.scoped();
            condition.notify(2048);
        }
        co_await turns(3);
        EXPECT_EQ(trace.taken(), "3");
    };
    run(main());
}

TEST(Condition, each_notification_of_one_hold_is_for_other_tasks) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        const auto tasks = waiters(condition, trace);
        co_await hocket::sleep(0);
        {
            auto guard = co_await condition.scoped();
            condition.notify();
            condition.notify();
        }
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "1 2");
        {
            auto guard = co_await condition.scoped();
            condition.notify_all();
        }
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "3");
    };
    run(main());
}

TEST(Condition, notify_all_wakes_all_and_they_go_on_one_at_a_time) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        const auto tasks = waiters(condition, trace);
        co_await hocket::sleep(0);
        {
            auto guard = co_await condition.scoped();
            condition.notify_all();
        }
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "1 2 3");
        for (const Task<>& t : tasks) EXPECT_TRUE(t.done());
    };
    run(main());
}

TEST(Condition, wait_for_looks_at_the_predicate_after_each_notification) {
    auto main = []() -> Coro<> {
        Condition condition;
        int value = 0;
        const Task<int> waiter = create_task([&]() -> Coro<int> {
            auto guard = co_await condition.scoped();
            co_return co_await condition.wait_for([&] { return value > 1 ? value : 0; });
        });
        for (int i = 0; i < 3; ++i) {
            co_await turns(2);
            EXPECT_FALSE(waiter.done());
            auto guard = co_await condition.scoped();
            value = i;
            condition.notify();
        }
        co_await hocket::sleep(0);
        EXPECT_EQ(waiter.result(), 2);
        EXPECT_FALSE(condition.locked());
    };
    run(main());
}

TEST(Condition, wait_for_something_true_needs_neither_the_lock_nor_a_turn) {
    auto main = []() -> Coro<> {
        Condition condition;
        EXPECT_EQ(co_await condition.wait_for([] { return 7; }), 7);
        EXPECT_EQ(co_await ending_of(condition.wait_for([] { return false; })),
                  "hocket::RuntimeError: cannot wait on un-acquired lock");
    };
    run(main());
}

TEST(Condition, waiting_and_notifying_without_the_lock_throw) {
    auto main = []() -> Coro<> {
        Condition condition;
        EXPECT_EQ(co_await ending_of(condition.wait()), "hocket::RuntimeError: cannot wait on un-acquired lock");
        EXPECT_EQ(thrown_by([&] { condition.notify(); }), "hocket::RuntimeError: cannot notify on un-acquired lock");
        EXPECT_EQ(thrown_by([&] { condition.notify_all(); }),
                  "hocket::RuntimeError: cannot notify on un-acquired lock");
    };
    run(main());
}

TEST(Condition, is_locked_when_its_lock_is_and_the_other_way_round) {
    auto main = []() -> Coro<> {
        Lock lock;
        Condition full(lock), empty(lock);
        EXPECT_FALSE(full.locked());
        {
            auto guard = co_await full.scoped();
            EXPECT_TRUE(lock.locked());
            EXPECT_TRUE(full.locked());
            EXPECT_TRUE(empty.locked());
        }
        EXPECT_FALSE(lock.locked());
        EXPECT_FALSE(full.locked());
        {
            auto guard = co_await lock.scoped();
            EXPECT_TRUE(lock.locked());
            EXPECT_TRUE(full.locked());
        }
        EXPECT_FALSE(lock.locked());
        EXPECT_FALSE(full.locked());
    };
    run(main());
}

// Afterwards the lock belongs to the loop of this run.
Coro<> contend_for(Lock& lock) {
    auto guard = co_await lock.scoped();
    const Task<> other = create_task([&]() -> Coro<> { auto later = co_await lock.scoped(); });
    co_await turns(1);
    guard.release();
    co_await other;
}

TEST(OnceCondition, whose_lock_belongs_to_another_loop_cannot_come_back_from_a_wait) {
    Lock lock;
    auto main = [&]() -> Coro<> {
        Condition condition(lock);
        const Task<> waiter = create_task([&]() -> Coro<> {
            co_await lock.acquire();
            co_await condition.wait();
        });
        co_await turns(1);
        co_await lock.acquire();
        condition.notify();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::RuntimeError: Lock is bound to a different event loop");
        lock.release();
    };
    run(contend_for(lock));
    run(main());
}

// 65
TEST(OnceCondition, whose_lock_belongs_to_another_loop_does_not_wait_for_it) {
    Lock lock;
    run(contend_for(lock));
    run([](Lock& l) -> Coro<> {
        auto guard = co_await l.scoped();  // it need not wait: the loop does not matter
        Condition condition(l);
        EXPECT_EQ(co_await ending_of(condition.acquire()),
                  "hocket::RuntimeError: Lock is bound to a different event loop");
        EXPECT_TRUE(l.locked());
    }(lock));
    EXPECT_FALSE(lock.locked());
}

// 65
TEST(OnceCondition, belongs_to_the_loop_of_the_first_task_that_waits) {
    Condition condition;
    auto main = [&]() -> Coro<> {
        Trace trace;
        const Task<> waiter = create_task(wait_once(condition, trace, "woken"));
        co_await hocket::sleep(0);
        {
            auto guard = co_await condition.scoped();
            condition.notify();
        }
        co_await waiter;
    };
    run(main());
    EXPECT_EQ(thrown_by([&] { run(main()); }), "hocket::RuntimeError: Condition is bound to a different event loop");
    EXPECT_FALSE(condition.locked());
}

TEST(Condition, names_itself_in_the_await_graph) {
    auto main = []() -> Coro<> {
        Condition condition;
        Trace trace;
        const Task<> waiter = create_task(wait_once(condition, trace, "woken"));
        co_await hocket::sleep(0);
        EXPECT_EQ(capture_call_graph(*waiter.state()).state, "waits for Condition");
        waiter.cancel();
    };
    run(main());
}

}  // namespace
}  // namespace hocket
