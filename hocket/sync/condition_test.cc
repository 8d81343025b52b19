// SPDX-License-Identifier: MIT
// Conditions: notifications, the lock on the way back, cancels at each stage.
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
            co_await turns(3);
            EXPECT_EQ(trace.taken(), expected);
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
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(trace.taken(), "1 2 3");
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
        EXPECT_EQ(co_await waiter, 2);
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

TEST(Condition, may_share_a_lock) {
    auto main = []() -> Coro<> {
        Lock lock;
        Condition full(lock), empty(lock);
        auto guard = co_await full.scoped();
        EXPECT_TRUE(lock.locked());
        EXPECT_TRUE(empty.locked());
        guard.release();
        auto other = co_await lock.scoped();
        EXPECT_TRUE(full.locked());
    };
    run(main());
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
        const auto tasks = waiters(condition, trace);
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

TEST(OnceCondition, whose_lock_belongs_to_another_loop_cannot_come_back_from_a_wait) {
    Lock lock;
    auto contended = [&]() -> Coro<> {
        auto guard = co_await lock.scoped();
        const Task<> other = create_task([&]() -> Coro<> { auto later = co_await lock.scoped(); });
        co_await turns(1);
        guard.release();
        co_await other;
    };
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
    run(contended());
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

// 65
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
