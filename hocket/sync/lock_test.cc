// SPDX-License-Identifier: MIT
// Locks: order, handing on, misuse.
#include <hocket/sync/lock.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <hocket/sync/event.h>
#include <tests/support/trace.h>

#include <functional>
#include <string>

namespace hocket {
namespace {

using testing::ending_of;
using testing::forever;
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

TEST(Lock, each_release_lets_the_next_task_in_within_one_turn) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> a = create_task(acquire(lock, trace, "a"));
        const Task<> b = create_task(acquire(lock, trace, "b"));
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "");
        lock.release();
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "a");
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "");
        const Task<> c = create_task(acquire(lock, trace, "c"));
        lock.release();
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "b");
        lock.release();
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "c");
        EXPECT_TRUE(a.done() && b.done() && c.done());
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

TEST(Lock, a_cancelled_wait_leaves_nothing_behind) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        co_await lock.acquire();
        const Task<> waiter = create_task(acquire(lock, trace, "waiter"));
        get_running_loop().call_soon([&] { waiter.cancel(); });
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError");
        EXPECT_TRUE(lock.locked());
        lock.release();
        EXPECT_FALSE(lock.locked());
        const Task<> other = create_task(acquire(lock, trace, "other"));
        co_await lock.acquire();  // nobody is before this task: it does not suspend
        EXPECT_EQ(trace.taken(), "");
        lock.release();
        co_await other;
    };
    run(main());
}

TEST(Lock, a_release_before_a_cancelled_task_has_left_wakes_the_one_behind) {
    auto main = []() -> Coro<> {
        Lock lock;
        Trace trace;
        Future<> may_end;
        const Task<> holder = create_task([&]() -> Coro<> {
            auto guard = co_await lock.scoped();
            co_await may_end;
        });
        co_await hocket::sleep(0);
        EXPECT_TRUE(lock.locked());
        const Task<> second = create_task(hold_for_a_turn(lock, trace, "second"));
        const Task<> third = create_task(hold_for_a_turn(lock, trace, "third"));
        co_await hocket::sleep(0);
        may_end.set_result();
        second.cancel();
        co_await hocket::sleep(0);
        EXPECT_TRUE(holder.done());
        EXPECT_TRUE(second.cancelled());
        EXPECT_FALSE(lock.locked());
        co_await third;
        EXPECT_EQ(trace.taken(), "third+ third-");
    };
    run(main());
}

TEST(Lock, the_one_behind_a_cancelled_task_runs_after_what_was_woken_since) {
    testing::Trace trace;
    run([&]() -> Coro<> {
        Lock lock;
        Event event;
        co_await lock.acquire();
        const auto acquires = [&](const char* name) -> Coro<> {
            const auto guard = co_await lock.scoped();
            trace.note(name);
        };
        const auto waits = [&]() -> Coro<> {
            co_await event.wait();
            trace.note("event");
        };
        const Task<> cancelled = create_task(acquires("cancelled"));
        const Task<> behind = create_task(acquires("behind"));
        const Task<> other = create_task(waits());
        co_await testing::turns(1);
        cancelled.cancel();
        lock.release();
        event.set();
        co_await behind;
        EXPECT_EQ(trace.taken(), "event behind");
    }());
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
        EXPECT_TRUE(a.cancelled());
        EXPECT_TRUE(b.done());
        EXPECT_FALSE(c.done());
        c.cancel();
        co_await hocket::sleep(0);
        EXPECT_TRUE(c.cancelled());
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
