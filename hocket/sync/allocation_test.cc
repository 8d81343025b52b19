// SPDX-License-Identifier: MIT
// In steady state no primitive asks the system for memory.
#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>
#include <hocket/sync/barrier.h>
#include <hocket/sync/condition.h>
#include <hocket/sync/event.h>
#include <hocket/sync/lifo_queue.h>
#include <hocket/sync/priority_queue.h>
#include <hocket/sync/semaphore.h>

#include <tests/support/allocations.h>

#include <gtest/gtest.h>

namespace hocket {
namespace {

class SyncAllocation : public ::testing::Test {
protected:
    void SetUp() override {
        if (!HOCKET_POOL) GTEST_SKIP() << "built without free lists";
    }

    // How often two tasks that do `work` at the same time allocate, when they have done so many times before.
    template <class F>
    static Coro<std::size_t> of(F work) {
        std::size_t before = 0;
        for (int i = 0; i < 120; ++i) {
            if (i == 20) before = testing::system_allocations();
            const Task<> a = create_task(work(0)), b = create_task(work(1));
            co_await a;
            co_await b;
        }
        co_return testing::system_allocations() - before;
    }

    // The first task puts, the second takes.
    template <class Q>
    static Coro<std::size_t> of_queue(Q& queue) {
        return of([&](int which) -> Coro<> {
            for (int i = 0; i < 10; ++i) {
                if (which == 0) {
                    co_await queue.put(i);
                } else {
                    co_await queue.get();
                    queue.task_done();
                }
            }
            co_await queue.join();
        });
    }
};

TEST_F(SyncAllocation, none_for_a_lock_or_a_semaphore) {
    Lock lock;
    Semaphore semaphore;
    EXPECT_EQ(run(of([&](int) -> Coro<> {
                  auto guard = co_await lock.scoped();
                  co_await hocket::sleep(0);
                  guard.release();
                  auto other = co_await semaphore.scoped();
                  co_await hocket::sleep(0);
              })),
              0U);
}

TEST_F(SyncAllocation, none_for_an_event_a_condition_or_a_barrier) {
    Event event;
    Condition condition;
    Barrier barrier(2);
    EXPECT_EQ(run(of([&](int which) -> Coro<> {
                  co_await barrier.wait();
                  if (which == 0) {
                      co_await event.wait();
                      event.clear();
                      auto guard = co_await condition.scoped();
                      co_await condition.wait();
                  } else {
                      co_await hocket::sleep(0);
                      event.set();
                      for (int i = 0; i < 3; ++i) co_await hocket::sleep(0);
                      auto guard = co_await condition.scoped();
                      condition.notify();
                  }
              })),
              0U);
}

TEST_F(SyncAllocation, none_for_an_item_of_a_queue) {
    for (const int size : {1, 4, 0}) {
        Queue<int> queue(size);
        EXPECT_EQ(run(of_queue(queue)), 0U);
    }
    LifoQueue<int> lifo(3);
    EXPECT_EQ(run(of_queue(lifo)), 0U);
    PriorityQueue<int> priority(3);
    EXPECT_EQ(run(of_queue(priority)), 0U);
}

}  // namespace
}  // namespace hocket
