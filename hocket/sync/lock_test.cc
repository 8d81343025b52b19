// SPDX-License-Identifier: MIT
// Locks: order, handing on, misuse, and what is left of them when they are gone.
#include <hocket/sync/lock.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <memory>
#include <optional>
#include <utility>

namespace hocket {
namespace {

using testing::ending_of;
using testing::forever;
using testing::Reports;
using testing::Trace;

Coro<> acquire(Lock& lock, Trace& trace, const char* name) {
    co_await lock.acquire();
    trace.note(name);
}

Coro<> hold_for_a_turn(Lock& lock, Trace& trace, const char* name) {
    auto guard = co_await lock.scoped();
    trace.note(std::string(name) + "+");
    co_await hocket::sleep(0);
    trace.note(std::string(name) + "-");
}

TEST(Lock, is_free_at_first_and_again_after_release) {
    auto main = []() -> Coro<> {
        Lock lock;
        EXPECT_FALSE(lock.locked());
        co_await lock.acquire();
        EXPECT_TRUE(lock.locked());
        lock.release();
        EXPECT_FALSE(lock.locked());
    };
    run(main());
}

TEST(Lock, an_uncontended_acquire_does_not_suspend) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        const Task<> other = create_task(acquire(lock, trace, "other"));
        co_await lock.acquire();
        EXPECT_EQ(trace.taken(), "");
        lock.release();
        co_await other;
    };
    run(main());
}

TEST(Lock, tasks_get_it_one_at_a_time_in_the_order_in_which_they_came) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        const Task<> a = create_task(hold_for_a_turn(lock, trace, "a"));
        const Task<> b = create_task(hold_for_a_turn(lock, trace, "b"));
        const Task<> c = create_task(hold_for_a_turn(lock, trace, "c"));
        co_await a;
        co_await b;
        co_await c;
        EXPECT_EQ(trace.taken(), "a+ a- b+ b- c+ c-");
    };
    run(main());
}

// 57
TEST(Lock, after_release_it_is_not_locked_though_a_task_waits) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> waiter = create_task(acquire(lock, trace, "waiter"));
        co_await hocket::sleep(0);
        lock.release();
        EXPECT_FALSE(lock.locked());
        co_await waiter;
        EXPECT_TRUE(lock.locked());
    };
    run(main());
}

// 57
TEST(Lock, a_newcomer_queues_behind_the_woken_task) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> waiter = create_task(acquire(lock, trace, "waiter"));
        co_await hocket::sleep(0);
        const Task<> newcomer = create_task(acquire(lock, trace, "newcomer"));  // runs before the woken task does
        lock.release();
        co_await waiter;
        EXPECT_EQ(trace.taken(), "waiter");
        lock.release();
        co_await newcomer;
        EXPECT_EQ(trace.taken(), "newcomer");
    };
    run(main());
}

TEST(Lock, the_releasing_task_cannot_take_it_back_before_the_woken_one) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> waiter = create_task(hold_for_a_turn(lock, trace, "waiter"));
        co_await hocket::sleep(0);
        lock.release();
        co_await acquire(lock, trace, "main");
        EXPECT_EQ(trace.taken(), "waiter+ waiter- main");
        co_await waiter;
    };
    run(main());
}

// 58
TEST(Lock, a_woken_task_that_is_cancelled_passes_the_wakeup_on) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> first = create_task(acquire(lock, trace, "first"));
        const Task<> second = create_task(acquire(lock, trace, "second"));
        co_await hocket::sleep(0);
        lock.release();
        first.cancel();
        co_await second;
        EXPECT_EQ(trace.taken(), "second");
        EXPECT_TRUE(first.cancelled());
        EXPECT_TRUE(lock.locked());
    };
    run(main());
}

TEST(Lock, a_waiting_task_that_is_cancelled_leaves_the_queue) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> first = create_task(acquire(lock, trace, "first"));
        const Task<> second = create_task(acquire(lock, trace, "second"));
        co_await hocket::sleep(0);
        first.cancel();
        lock.release();
        co_await second;
        EXPECT_EQ(trace.taken(), "second");
        EXPECT_TRUE(first.cancelled());
    };
    run(main());
}

TEST(Lock, a_woken_and_cancelled_task_with_none_behind_leaves_it_free) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> waiter = create_task(acquire(lock, trace, "waiter"));
        co_await hocket::sleep(0);
        lock.release();
        waiter.cancel();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError");
        EXPECT_FALSE(lock.locked());
        co_await lock.acquire();
    };
    run(main());
}

TEST(Lock, a_newcomer_takes_it_when_all_that_waited_are_cancelled) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> waiter = create_task(acquire(lock, trace, "waiter"));
        co_await hocket::sleep(0);
        const Task<> newcomer = create_task(acquire(lock, trace, "newcomer"));
        waiter.cancel();
        lock.release();
        co_await hocket::sleep(0);
        EXPECT_TRUE(newcomer.done());
        EXPECT_TRUE(waiter.cancelled());
        EXPECT_TRUE(lock.locked());
    };
    run(main());
}

TEST(Lock, one_release_lets_one_task_in_though_another_is_cancelled_at_once) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> a = create_task(acquire(lock, trace, "a"));
        const Task<> b = create_task(acquire(lock, trace, "b"));
        const Task<> c = create_task(acquire(lock, trace, "c"));
        co_await hocket::sleep(0);
        a.cancel();
        lock.release();
        co_await testing::turns(3);
        EXPECT_EQ(trace.taken(), "b");
        c.cancel();
    };
    run(main());
}

TEST(Lock, a_task_that_was_cancelled_before_it_waits_does_not_get_it) {
    auto main = []() -> Coro<> {
        Lock lock;
        co_await lock.acquire();
        auto cancels_itself = [](Lock& l) -> Coro<> {
            current_task().cancel();
            co_await l.acquire();
        };
        EXPECT_EQ(co_await ending_of(create_task(cancels_itself(lock))), "hocket::CancelledError");
        lock.release();
        EXPECT_FALSE(lock.locked());
    };
    run(main());
}

TEST(Lock, another_task_may_release_it) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await create_task(acquire(lock, trace, "other"));
        EXPECT_TRUE(lock.locked());
        lock.release();
        EXPECT_FALSE(lock.locked());
    };
    run(main());
}

TEST(OnceLock, releasing_one_that_is_not_locked_throws) {
    Lock lock;
    EXPECT_EQ(testing::thrown_by([&] { lock.release(); }), "hocket::RuntimeError: Lock is not acquired.");
}

TEST(Lock, a_task_left_behind_at_the_end_of_the_run_does_not_touch_the_lock_that_is_gone) {
    auto background = [](Lock& lock) -> Coro<> {
        auto guard = co_await lock.scoped();
        co_await forever();
    };
    auto main = [&]() -> Coro<> {
        Lock lock;
        create_task(background(lock));
        co_await hocket::sleep(0);
    };
    Reports reports;
    run(main());
    EXPECT_EQ(reports.taken(), "");
}

TEST(Lock, tasks_that_still_wait_at_the_end_of_the_run_are_cancelled_quietly) {
    Trace trace;
    Reports reports;
    auto main = [&]() -> Coro<> {
        Lock lock;
        co_await lock.acquire();
        create_task(
            [&](Lock& l) -> Coro<> {
                try {
                    co_await l.acquire();
                } catch (const CancelledError&) {
                    trace.note("cancelled");
                }
            },
            std::ref(lock));
        co_await hocket::sleep(0);
    };
    run(main());
    EXPECT_EQ(trace.taken(), "cancelled");
    EXPECT_EQ(reports.taken(), "");
}

TEST(Lock, destroyed_it_wakes_the_tasks_that_wait_with_an_error) {
    auto main = []() -> Coro<> {
        auto lock = std::make_unique<Lock>();
        Trace trace;
        co_await lock->acquire();
        const Task<> a = create_task(acquire(*lock, trace, "a"));
        const Task<> b = create_task(acquire(*lock, trace, "b"));
        co_await hocket::sleep(0);
        lock.reset();
        EXPECT_EQ(co_await ending_of(a), "hocket::RuntimeError: Lock was destroyed while 2 tasks waited for it");
        EXPECT_EQ(co_await ending_of(b), "hocket::RuntimeError: Lock was destroyed while 2 tasks waited for it");
    };
    run(main());
}

TEST(Lock, destroyed_it_also_tells_a_task_that_was_woken_and_has_not_run) {
    auto main = []() -> Coro<> {
        auto lock = std::make_unique<Lock>();
        Trace trace;
        co_await lock->acquire();
        const Task<> waiter = create_task(acquire(*lock, trace, "waiter"));
        co_await hocket::sleep(0);
        lock->release();
        lock.reset();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::RuntimeError: Lock was destroyed while 1 task waited for it");
    };
    run(main());
}

TEST(Lock, a_cancel_wins_over_its_destruction) {
    auto main = []() -> Coro<> {
        Trace trace;
        for (const bool woken : {false, true}) {
            for (const bool cancelled_first : {false, true}) {
                for (int turns = 0; turns < 2; ++turns) {
                    std::optional<Lock> lock(std::in_place);
                    co_await lock->acquire();
                    const Task<> waiter = create_task(acquire(*lock, trace, "waiter"));
                    co_await hocket::sleep(0);
                    if (woken) lock->release();
                    if (cancelled_first) waiter.cancel("why");
                    lock.reset();
                    if (turns == 1 && !woken && !cancelled_first) co_await hocket::sleep(0);
                    waiter.cancel("why");
                    EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError: why")
                        << woken << cancelled_first << turns;
                }
            }
        }
        EXPECT_EQ(trace.taken(), "");
    };
    run(main());
}

// 65
TEST(OnceLock, belongs_to_the_loop_of_its_first_contended_use) {
    Lock lock;
    auto contended = [](Lock& l) -> Coro<> {
        Trace trace;
        co_await l.acquire();
        const Task<> waiter = create_task(acquire(l, trace, "waiter"));
        co_await hocket::sleep(0);
        l.release();
        co_await waiter;
        l.release();
    };
    auto uncontended = [](Lock& l) -> Coro<> {
        co_await l.acquire();
        l.release();
    };
    run(uncontended(lock));
    run(contended(lock));
    run(uncontended(lock));
    EXPECT_EQ(testing::thrown_by([&] { run(contended(lock)); }),
              "hocket::RuntimeError: Lock is bound to a different event loop");
}

TEST(Lock, says_who_holds_it) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        const Task<> holder = create_task(
            TaskOptions{.name = "holder"},
            [](Lock& l) -> Coro<> {
                auto guard = co_await l.scoped();
                co_await forever();
            },
            std::ref(lock));
        const Task<> waiter = create_task(acquire(lock, trace, "waiter"));
        co_await hocket::sleep(0);
        const AwaitNode node = capture_call_graph(*waiter.state());
        EXPECT_EQ(node.state, "waits for Lock held by holder");
        EXPECT_EQ(node.awaits.at(0).name, "holder");
        holder.cancel();
        co_await waiter;
    };
    run(main());
}

TEST(Lock, says_that_who_took_it_has_ended) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await create_task(acquire(lock, trace, "a"));
        const Task<> waiter = create_task(acquire(lock, trace, "b"));
        co_await hocket::sleep(0);
        EXPECT_EQ(capture_call_graph(*waiter.state()).state, "waits for Lock held by a task that has ended");
        waiter.cancel();
    };
    run(main());
}

TEST(VirtualLock, a_task_that_acquires_it_twice_is_reported_as_a_deadlock) {
    auto main = []() -> Coro<> {
        Lock lock;
        co_await lock.acquire();
        co_await lock.acquire();
    };
    const std::string error = testing::thrown_by([&] { run(main()); });
    EXPECT_NE(error.find("deadlock"), std::string::npos) << error;
    EXPECT_NE(error.find("waits for Lock held by Task-1"), std::string::npos) << error;
}

}  // namespace
}  // namespace hocket
