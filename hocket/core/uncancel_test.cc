// SPDX-License-Identifier: MIT
// Taking a cancel back: what the next one does, what is withdrawn, and a time limit that is made of both.
#include <hocket/core/task.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::forever;
using testing::Trace;

TEST(Uncancel, lets_the_next_cancel_count_anew) {
    run([]() -> Coro<> {
        const auto task = create_task([]() -> Coro<> {
            static_cast<void>(co_await ending_of(forever()));
            current_task().uncancel();
            co_await forever();
        });
        co_await testing::turns(1);
        EXPECT_TRUE(task.cancel());
        EXPECT_EQ(task.cancelling(), 1U);
        EXPECT_FALSE(task.cancelled());
        co_await testing::turns(1);
        EXPECT_EQ(task.cancelling(), 0U);
        EXPECT_FALSE(task.cancelled());
        EXPECT_FALSE(task.done());

        EXPECT_TRUE(task.cancel());
        EXPECT_EQ(task.cancelling(), 1U);
        EXPECT_FALSE(task.cancelled());
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(task.uncancel(), 0U);  // too late
        EXPECT_TRUE(task.cancelled());
        EXPECT_TRUE(task.done());
    }());
}

// 23
TEST(Uncancel, withdraws_the_cancel_of_a_task_that_is_ready) {
    run([]() -> Coro<> {
        const Future<int> future;
        const auto task = create_task([](Future<int> f) -> Coro<int> { co_return co_await f; }, future);
        co_await testing::turns(1);
        future.set_result(42);
        EXPECT_TRUE(task.cancel());
        EXPECT_EQ(task.cancelling(), 1U);
        EXPECT_EQ(task.uncancel(), 0U);
        EXPECT_EQ(task.cancelling(), 0U);
        EXPECT_EQ(co_await task, 42);
    }());
}

// Notes whether `work` ended in the time that is allowed, and that what follows is not disturbed.
Coro<> limited(Trace& trace, Duration work, Duration allowed) {
    const AnyTask self = current_task();
    bool timed_out = false;
    Handle alarm = get_running_loop().call_later(allowed, [&] {
        timed_out = true;
        self.cancel();
    });
    const std::string ending = co_await ending_of(hocket::sleep(work));
    alarm.cancel();
    const bool is_ours = timed_out && self.uncancel() == 0;
    trace.note(is_ours && ending == "hocket::CancelledError" ? "too-late" : "in-time");
    co_await hocket::sleep(0);
    trace.note("goes-on");
}

TEST(Uncancel, makes_a_time_limit_of_a_cancel) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto slow = create_task(limited(trace, 1h, 2ms));
        co_await slow;
        EXPECT_EQ(slow.cancelling(), 0U);
        EXPECT_EQ(trace.taken(), "too-late goes-on");
        const auto quick = create_task(limited(trace, 0s, 1h));
        co_await quick;
        EXPECT_EQ(quick.cancelling(), 0U);
        EXPECT_EQ(trace.taken(), "in-time goes-on");
    }());
}

}  // namespace
}  // namespace hocket
