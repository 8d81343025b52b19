// SPDX-License-Identifier: MIT
// What is left of locks when the run ends, and when they are gone.
#include <hocket/sync/lock.h>

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <functional>
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

}  // namespace
}  // namespace hocket
