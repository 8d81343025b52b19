// SPDX-License-Identifier: MIT
// Exceptions of futures that nobody looked at (27): when they are reported, and what counts as looking.
#include <hocket/core/future.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

namespace hocket {
namespace {

using testing::ending_of;
using testing::LoopErrors;
using testing::thrown_by;

// 27
TEST(FutureException, that_nobody_looked_at_is_reported_when_the_last_handle_goes) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        {
            const Future<int> f;
            f.set_exception(RuntimeError("lost"));
            EXPECT_EQ(errors.taken(), "");
        }
        EXPECT_EQ(errors.taken(), "Future exception was never retrieved | hocket::RuntimeError: lost");
        co_return;
    }());
}

TEST(FutureException, is_not_reported_once_it_was_looked_at) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        {
            const Future<int> f, g, h;
            for (const auto& x : {f, g, h}) x.set_exception(RuntimeError("seen"));
            thrown_by([&] { static_cast<void>(f.result()); });
            static_cast<void>(g.exception());
            static_cast<void>(co_await ending_of(h));
        }
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(FutureException, is_reported_in_debug_mode_too) {
    run(
        []() -> Coro<> {
            LoopErrors errors(get_running_loop());
            Future<int>().set_exception(RuntimeError("lost"));
            EXPECT_EQ(errors.taken(), "Future exception was never retrieved | hocket::RuntimeError: lost");
            co_return;
        }(),
        {.debug = true});
}

TEST(FutureException, there_is_none_in_a_future_that_is_abandoned_or_has_a_result) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        {
            const Future<int> abandoned, unseen, seen;
            unseen.set_result(1);
            seen.set_result(2);
            EXPECT_EQ(seen.result(), 2);
        }
        EXPECT_EQ(errors.taken(), "");
        co_return;
    }());
}

// As in asyncio: the cancel comes too late, but says that nobody wants the outcome.
TEST(FutureException, is_not_reported_once_somebody_has_tried_to_cancel) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        {
            const Future<int> f;
            f.set_exception(RuntimeError("unwanted"));
            EXPECT_FALSE(f.cancel());
            const auto task = create_task(testing::failure_after(0, "unwanted"));
            co_await testing::turns(1);
            EXPECT_FALSE(task.cancel());
        }
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(FutureException, a_cancellation_is_none) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        static_cast<void>(Future<int>().cancel());
        EXPECT_EQ(errors.taken(), "");
        co_return;
    }());
}

TEST(FutureException, a_handler_may_keep_the_future) {
    run([]() -> Coro<> {
        AnyTask kept;
        EventLoop& loop = get_running_loop();
        loop.set_exception_handler([&](EventLoop&, const ErrorContext& context) { kept = context.handle(); });
        Future<int>().set_exception(RuntimeError("kept"));
        loop.set_exception_handler({});
        EXPECT_TRUE(kept);
        EXPECT_EQ(co_await ending_of(kept), "hocket::RuntimeError: kept");
    }());
}

}  // namespace
}  // namespace hocket
