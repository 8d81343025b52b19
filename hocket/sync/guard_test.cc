// SPDX-License-Identifier: MIT
// Guards: when they release, and when there is nothing left to release.
#include <hocket/sync/condition.h>
#include <hocket/sync/lock.h>
#include <hocket/sync/semaphore.h>

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <memory>
#include <utility>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::Reports;

TEST(Guard, releases_at_the_end_of_its_scope) {
    auto main = []() -> Coro<> {
        Lock lock;
        {
            auto guard = co_await lock.scoped();
            EXPECT_TRUE(lock.locked());
            EXPECT_TRUE(guard);
        }
        EXPECT_FALSE(lock.locked());
    };
    run(main());
}

template <class L>
Coro<> hold_across_a_wait(L& lock) {
    co_await hocket::sleep(1ms);
    EXPECT_FALSE(lock.locked());
    {
        auto guard = co_await lock.scoped();
        EXPECT_TRUE(lock.locked());
        co_await hocket::sleep(1ms);
        EXPECT_TRUE(lock.locked());
    }
    EXPECT_FALSE(lock.locked());
}

TEST(Guard, holds_each_primitive_across_waits) {
    Lock lock;
    Condition condition;
    Semaphore semaphore;
    BoundedSemaphore bounded;
    run(hold_across_a_wait(lock));
    run(hold_across_a_wait(condition));
    run(hold_across_a_wait(semaphore));
    run(hold_across_a_wait(bounded));
    EXPECT_FALSE(lock.locked() || condition.locked() || semaphore.locked() || bounded.locked());
}

TEST(OnceGuard, what_it_holds_is_no_awaitable_itself) {
    static_assert(!Awaitable<Lock&>);
    static_assert(!Awaitable<Condition&>);
    static_assert(!Awaitable<Semaphore&>);
    static_assert(!Awaitable<BoundedSemaphore&>);
}

TEST(Guard, releases_when_an_exception_leaves_its_scope) {
    auto main = []() -> Coro<> {
        Lock lock;
        auto fails = [](Lock& l) -> Coro<> {
            auto guard = co_await l.scoped();
            co_await hocket::sleep(0);
            throw RuntimeError("no");
        };
        EXPECT_EQ(co_await ending_of(fails(lock)), "hocket::RuntimeError: no");
        EXPECT_FALSE(lock.locked());
    };
    run(main());
}

TEST(Guard, that_was_moved_releases_once) {
    auto main = []() -> Coro<> {
        Lock lock;
        auto guard = co_await lock.scoped();
        {
            auto inner = std::move(guard);
            EXPECT_TRUE(inner);
        }
        EXPECT_FALSE(lock.locked());
        co_await lock.acquire();
        guard.release();
        EXPECT_TRUE(lock.locked());
    };
    run(main());
}

TEST(Guard, can_release_early) {
    auto main = []() -> Coro<> {
        Lock lock;
        auto guard = co_await lock.scoped();
        guard.release();
        EXPECT_FALSE(lock.locked());
        EXPECT_FALSE(guard);
    };
    run(main());
}

TEST(Guard, whose_lock_was_released_by_hand_reports_it) {
    Reports reports;
    auto main = []() -> Coro<> {
        Lock lock;
        auto guard = co_await lock.scoped();
        lock.release();
    };
    run(main());
    EXPECT_EQ(reports.taken(), "at the end of a guard's scope: Lock is not acquired.");
}

TEST(Guard, that_outlives_its_lock_does_nothing) {
    auto main = []() -> Coro<> {
        auto lock = std::make_unique<Lock>();
        auto guard = co_await lock->scoped();
        lock.reset();
        EXPECT_FALSE(guard);
    };
    run(main());
}

}  // namespace
}  // namespace hocket
