// SPDX-License-Identifier: MIT
// ensure_future: what becomes of each kind of awaitable.
#include <hocket/flow/ensure_future.h>

#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::turns;
using testing::value_after;

// A request that is sent when it is awaited.
struct Request {
    int number;
    Coro<int> operator co_await() && { return value_after(1, number); }
};

TEST(EnsureFuture, makes_a_task_of_a_coroutine) {
    run([]() -> Coro<> {
        const Task<int> task = ensure_future(value_after(1, 42));
        EXPECT_FALSE(task.done());
        EXPECT_EQ(co_await task, 42);
    }());
}

TEST(EnsureFuture, gives_a_task_or_future_as_it_is) {
    run([]() -> Coro<> {
        const Future<int> future;
        const auto task = create_task(turns(1));
        EXPECT_EQ(ensure_future(future), future);
        EXPECT_EQ(ensure_future(task), task);
        EXPECT_EQ(ensure_future(AnyTask(task)), AnyTask(task));
        co_await task;
    }());
}

TEST(EnsureFuture, makes_a_task_of_any_other_awaitable) {
    run([]() -> Coro<> {
        const Task<int> request = ensure_future(Request{7});
        const Task<> timer = ensure_future(hocket::sleep(1ms));
        EXPECT_EQ(co_await request, 7);
        co_await timer;
    }());
}

TEST(EnsureFuture, without_a_loop_closes_the_coroutine) {
    testing::Reports reports;
    EXPECT_THROW(static_cast<void>(ensure_future(turns(1))), RuntimeError);
    EXPECT_EQ(reports.count(), 0u);
}

}  // namespace
}  // namespace hocket
