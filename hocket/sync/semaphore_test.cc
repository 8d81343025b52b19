// SPDX-License-Identifier: MIT
// Semaphores: counting, order, reserved units, cancels.
#include <hocket/sync/semaphore.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::ending_of;
using testing::thrown_by;
using testing::Trace;

Coro<> acquire(Permits& semaphore, Trace& trace, const char* name) {
    co_await semaphore.acquire();
    trace.note(name);
}

TEST(OnceSemaphore, a_negative_value_is_refused) {
    EXPECT_EQ(thrown_by([] { const Semaphore s(-1); }), "hocket::ValueError: Semaphore initial value must be >= 0");
    EXPECT_EQ(thrown_by([] { const BoundedSemaphore s(-1); }),
              "hocket::ValueError: Semaphore initial value must be >= 0");
}

TEST(OnceSemaphore, is_locked_when_nothing_is_left) {
    EXPECT_TRUE(Semaphore(0).locked());
    EXPECT_FALSE(Semaphore().locked());
}

TEST(Semaphore, lets_its_value_of_tasks_through_and_the_others_wait) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(3);
        Trace trace;
        co_await semaphore.acquire();
        co_await semaphore.acquire();
        EXPECT_FALSE(semaphore.locked());
        std::vector<Task<>> tasks;
        for (const char* name : {"1", "2", "3"}) tasks.push_back(create_task(acquire(semaphore, trace, name)));
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "1");
        EXPECT_TRUE(semaphore.locked());
        tasks.push_back(create_task(acquire(semaphore, trace, "4")));
        semaphore.release();
        semaphore.release();
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "2 3");
        EXPECT_TRUE(semaphore.locked());
        semaphore.release();
        co_await tasks.back();
        EXPECT_EQ(trace.taken(), "4");
    };
    run(main());
}

TEST(Semaphore, lets_one_through_unless_it_is_told_otherwise) {
    auto main = []() -> Coro<> {
        Semaphore semaphore;
        EXPECT_FALSE(semaphore.locked());
        co_await semaphore.acquire();
        EXPECT_TRUE(semaphore.locked());
        semaphore.release();
        EXPECT_FALSE(semaphore.locked());
    };
    run(main());
}

TEST(Semaphore, released_with_nobody_waiting_it_counts_up) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(0);
        semaphore.release();
        semaphore.release();
        co_await semaphore.acquire();
        EXPECT_FALSE(semaphore.locked());
        co_await semaphore.acquire();
        EXPECT_TRUE(semaphore.locked());
    };
    run(main());
}

// 59
TEST(Semaphore, release_reserves_the_unit_for_the_task_that_waits) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(0);
        Trace trace;
        const Task<> waiter = create_task(acquire(semaphore, trace, "waiter"));
        co_await hocket::sleep(0);
        semaphore.release();
        EXPECT_TRUE(semaphore.locked());
        const Task<> newcomer = create_task(acquire(semaphore, trace, "newcomer"));
        co_await testing::turns(2);
        EXPECT_EQ(trace.taken(), "waiter");
        semaphore.release();
        co_await newcomer;
    };
    run(main());
}

// 59
TEST(Semaphore, a_woken_task_that_is_cancelled_returns_its_unit_to_the_next) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(0);
        Trace trace;
        const Task<> first = create_task(acquire(semaphore, trace, "first"));
        const Task<> second = create_task(acquire(semaphore, trace, "second"));
        co_await hocket::sleep(0);
        semaphore.release();
        first.cancel();
        co_await second;
        EXPECT_EQ(trace.taken(), "second");
        EXPECT_TRUE(first.cancelled());
    };
    run(main());
}

// 59
TEST(Semaphore, a_woken_and_cancelled_task_with_none_behind_returns_its_unit) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(0);
        Trace trace;
        const Task<> waiter = create_task(acquire(semaphore, trace, "waiter"));
        co_await hocket::sleep(0);
        semaphore.release();
        waiter.cancel();
        EXPECT_TRUE(semaphore.locked());
        EXPECT_EQ(co_await ending_of(waiter), "hocket::CancelledError");
        EXPECT_EQ(trace.taken(), "");
        EXPECT_FALSE(semaphore.locked());
        co_await semaphore.acquire();
    };
    run(main());
}

// 60
TEST(Semaphore, one_acquire_wakes_as_many_as_the_value_allows) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(0);
        Trace trace;
        auto release_three_and_acquire = [&]() -> Coro<> {
            for (int i = 0; i < 3; ++i) semaphore.release();
            EXPECT_TRUE(semaphore.locked());  // the first waiter was woken and has not run
            co_await acquire(semaphore, trace, "2");
        };
        Task<> fourth;
        auto first = [&]() -> Coro<> {
            co_await semaphore.acquire();  // wakes the two that wait behind
            EXPECT_TRUE(semaphore.locked());
            fourth = create_task([&]() -> Coro<> {
                trace.note("4");
                co_return;
            });
            trace.note("1");
        };
        const Task<> a = create_task(first());
        const Task<> b = create_task(release_three_and_acquire());
        const Task<> c = create_task(acquire(semaphore, trace, "3"));
        co_await a;
        co_await b;
        co_await c;
        co_await fourth;
        EXPECT_EQ(trace.taken(), "1 2 3 4");
        EXPECT_TRUE(semaphore.locked());
    };
    run(main());
}

// 60
TEST(Semaphore, a_woken_and_cancelled_task_wakes_as_many_as_the_value_allows) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(0);
        Trace trace;
        const Task<> first = create_task(acquire(semaphore, trace, "1"));
        co_await hocket::sleep(0);
        for (int i = 0; i < 3; ++i) semaphore.release();
        const Task<> second = create_task(acquire(semaphore, trace, "2"));
        const Task<> third = create_task(acquire(semaphore, trace, "3"));
        const Task<> canceller = create_task([&]() -> Coro<> {
            trace.note("turn");
            co_return;
        });
        first.cancel();
        co_await hocket::sleep(0);
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "2 3 turn");
        EXPECT_FALSE(semaphore.locked());
    };
    run(main());
}

TEST(Semaphore, cancelled_waiters_are_passed_over) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(0);
        Trace trace;
        std::vector<Task<>> tasks;
        for (const char* name : {"1", "2", "3", "4"}) tasks.push_back(create_task(acquire(semaphore, trace, name)));
        co_await hocket::sleep(0);
        tasks[0].cancel();
        tasks[1].cancel();
        semaphore.release();
        co_await testing::turns(2);
        EXPECT_EQ(trace.taken(), "3");
        EXPECT_TRUE(tasks[0].cancelled());
        EXPECT_TRUE(tasks[1].cancelled());
        EXPECT_FALSE(tasks[3].done());
        EXPECT_TRUE(semaphore.locked());
        tasks[3].cancel();
    };
    run(main());
}

TEST(Semaphore, those_behind_a_cancelled_task_keep_their_order) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(0);
        Trace trace;
        std::vector<Task<>> tasks;
        for (const char* name : {"1", "2", "3"}) tasks.push_back(create_task(acquire(semaphore, trace, name)));
        co_await hocket::sleep(0);
        tasks[0].cancel();
        co_await hocket::sleep(0);
        EXPECT_TRUE(tasks[0].cancelled());
        semaphore.release();
        semaphore.release();
        co_await tasks[1];
        co_await tasks[2];
        EXPECT_EQ(trace.taken(), "2 3");
    };
    run(main());
}

TEST(Semaphore, tasks_take_turns) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(1);
        Trace trace;
        auto twice = [&](std::string name) -> Coro<> {
            for (const char* round : {"1", "2"}) {
                auto guard = co_await semaphore.scoped();
                trace.note(name + round);
                co_await hocket::sleep(0);
            }
        };
        const Task<> a = create_task(twice("a")), b = create_task(twice("b")), c = create_task(twice("c"));
        co_await a;
        co_await b;
        co_await c;
        EXPECT_EQ(trace.taken(), "a1 b1 c1 a2 b2 c2");
    };
    run(main());
}

TEST(Semaphore, who_releases_and_acquires_again_queues_behind_the_others) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(1);
        Trace trace;
        auto again = [&]() -> Coro<> {
            co_await acquire(semaphore, trace, "2");
            semaphore.release();
            co_await acquire(semaphore, trace, "4");
        };
        const Task<> a = create_task(acquire(semaphore, trace, "1"));
        const Task<> b = create_task(again());
        const Task<> c = create_task(acquire(semaphore, trace, "3"));
        co_await hocket::sleep(0);
        semaphore.release();
        semaphore.release();
        co_await a;
        co_await b;
        co_await c;
        EXPECT_EQ(trace.taken(), "1 2 3 4");
    };
    run(main());
}

TEST(Semaphore, guards_that_outlive_it_do_nothing) {
    auto main = []() -> Coro<> {
        auto semaphore = std::make_unique<Semaphore>(3);
        std::vector<Guard> guards;
        for (int i = 0; i < 3; ++i) guards.push_back(co_await semaphore->scoped());
        EXPECT_TRUE(semaphore->locked());
        guards.erase(guards.begin() + 1);
        EXPECT_FALSE(semaphore->locked());
        semaphore.reset();
        for (const Guard& guard : guards) EXPECT_FALSE(guard);
    };
    run(main());
}

TEST(Semaphore, destroyed_it_tells_the_tasks_that_wait_and_those_that_were_woken) {
    auto main = []() -> Coro<> {
        auto semaphore = std::make_unique<Semaphore>(0);
        Trace trace;
        std::vector<Task<>> tasks;
        for (const char* name : {"1", "2", "3"}) tasks.push_back(create_task(acquire(*semaphore, trace, name)));
        co_await hocket::sleep(0);
        semaphore->release();
        semaphore->release();
        semaphore.reset();
        for (const Task<>& t : tasks) {
            EXPECT_EQ(co_await ending_of(t),
                      "hocket::RuntimeError: Semaphore was destroyed while 3 tasks waited for it");
        }
        EXPECT_EQ(trace.taken(), "");
    };
    run(main());
}

TEST(Semaphore, says_how_much_is_free) {
    auto main = []() -> Coro<> {
        Semaphore semaphore(0);
        BoundedSemaphore bounded(2);
        Trace trace;
        co_await bounded.acquire();
        co_await bounded.acquire();
        const Task<> a = create_task(acquire(semaphore, trace, "a")), b = create_task(acquire(bounded, trace, "b"));
        co_await hocket::sleep(0);
        EXPECT_EQ(capture_call_graph(*a.state()).state, "waits for Semaphore, 0 free");
        EXPECT_EQ(capture_call_graph(*b.state()).state, "waits for BoundedSemaphore, 0 of 2 free");
        a.cancel();
        b.cancel();
    };
    run(main());
}

// 65
TEST(OnceSemaphore, belongs_to_the_loop_of_its_first_contended_use) {
    Semaphore semaphore(0);
    auto main = [&]() -> Coro<> {
        Trace trace;
        const Task<> waiter = create_task(acquire(semaphore, trace, "waiter"));
        co_await hocket::sleep(0);
        semaphore.release();
        co_await waiter;
    };
    run(main());
    EXPECT_EQ(thrown_by([&] { run(main()); }), "hocket::RuntimeError: Semaphore is bound to a different event loop");
}

TEST(BoundedSemaphore, released_too_often_it_throws) {
    auto main = []() -> Coro<> {
        BoundedSemaphore semaphore(2);
        EXPECT_EQ(thrown_by([&] { semaphore.release(); }),
                  "hocket::ValueError: BoundedSemaphore released too many times");
        co_await semaphore.acquire();
        semaphore.release();
        EXPECT_EQ(thrown_by([&] { semaphore.release(); }),
                  "hocket::ValueError: BoundedSemaphore released too many times");
    };
    run(main());
}

TEST(BoundedSemaphore, a_reserved_unit_is_not_free_and_so_does_not_count) {
    auto main = []() -> Coro<> {
        BoundedSemaphore semaphore(1);
        Trace trace;
        co_await semaphore.acquire();
        const Task<> waiter = create_task(acquire(semaphore, trace, "waiter"));
        co_await hocket::sleep(0);
        semaphore.release();  // goes to the waiter
        semaphore.release();
        EXPECT_EQ(thrown_by([&] { semaphore.release(); }),
                  "hocket::ValueError: BoundedSemaphore released too many times");
        co_await waiter;
        EXPECT_FALSE(semaphore.locked());
    };
    run(main());
}

TEST(BoundedSemaphore, a_guard_releases_it) {
    auto main = []() -> Coro<> {
        BoundedSemaphore semaphore(1);
        {
            auto guard = co_await semaphore.scoped();
            EXPECT_TRUE(semaphore.locked());
        }
        EXPECT_FALSE(semaphore.locked());
    };
    run(main());
}

}  // namespace
}  // namespace hocket
