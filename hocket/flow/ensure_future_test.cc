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
        const Task<std::string> rest = ensure_future(hocket::sleep(0, std::string("ok")));
        EXPECT_EQ(co_await request, 7);
        co_await timer;
        EXPECT_EQ(co_await rest, "ok");
    }());
}

TEST(EnsureFuture, makes_its_task_in_the_running_loop_or_in_the_one_given) {
    const auto loop = new_event_loop();
    const Task<int> task = ensure_future(value_after(1, 42), *loop), request = ensure_future(Request{7}, *loop);
    EXPECT_EQ(&task.get_loop(), loop.get());
    EXPECT_EQ(loop->run_until_complete(task), 42);
    EXPECT_EQ(loop->run_until_complete(request), 7);
    const auto made_inside = []() -> Coro<Task<int>> { co_return ensure_future(value_after(1, 43)); };
    const Task<int> inside = loop->run_until_complete(made_inside());
    EXPECT_EQ(&inside.get_loop(), loop.get());
    EXPECT_EQ(loop->run_until_complete(inside), 43);
}

TEST(EnsureFuture, refuses_what_belongs_to_another_loop_than_the_one_given) {
    const auto loop = new_event_loop(), other = new_event_loop();
    const Future<std::string> future(*loop);
    future.set_result("ok");
    const auto task = loop->create_task(value_after(0, 1));
    const std::string refusal =
        "hocket::ValueError: the future belongs to a different loop than the one given to ensure_future";
    EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(ensure_future(future, *other)); }), refusal);
    EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(ensure_future(task, *other)); }), refusal);
    EXPECT_TRUE(ensure_future(future, *loop) == future);
    EXPECT_TRUE(ensure_future(task, *loop) == task);
    EXPECT_EQ(loop->run_until_complete(ensure_future(task, *loop)), 1);
    EXPECT_EQ(loop->run_until_complete(ensure_future(future, *loop)), "ok");
}

TEST(EnsureFuture, without_a_loop_closes_the_coroutine) {
    testing::Reports reports;
    EXPECT_THROW(static_cast<void>(ensure_future(turns(1))), RuntimeError);
    EXPECT_EQ(reports.count(), 0u);
}

TEST(EnsureFuture, in_a_closed_loop_closes_the_coroutine) {
    testing::Reports reports;
    const auto loop = new_event_loop();
    loop->close();
    const std::string refusal = "hocket::RuntimeError: Event loop is closed";
    EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(ensure_future(turns(1), *loop)); }), refusal);
    EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(ensure_future(Request{7}, *loop)); }), refusal);
    EXPECT_EQ(reports.count(), 0u);
}

}  // namespace
}  // namespace hocket
