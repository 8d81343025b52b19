// SPDX-License-Identifier: MIT
// Sleeps: how long they take, what they give, and what a cancel leaves of them.
#include <hocket/core/sleep.h>

#include <hocket/core/task.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::Trace;

TEST(VirtualSleep, takes_its_time_and_gives_its_result) {
    run([]() -> Coro<> {
        const TimePoint begin = get_running_loop().time();
        const auto sleeper = create_task([]() -> Coro<std::string> {
            co_await hocket::sleep(50ms);
            co_return co_await hocket::sleep(50ms, std::string("rested"));
        });
        co_await sleeper;
        EXPECT_EQ(sleeper.result(), "rested");
        EXPECT_EQ(get_running_loop().time() - begin, 100ms);
    }());
}

TEST(Sleep, of_nothing_gives_the_others_a_turn_and_then_its_result) {
    Trace trace;
    run([&]() -> Coro<> {
        get_running_loop().call_soon([&] { trace.note("soon"); });
        EXPECT_EQ(trace.taken(), "");
        const int literal = co_await hocket::sleep(0, 10);
        EXPECT_EQ(literal, 10);
        EXPECT_EQ(trace.taken(), "soon");
        get_running_loop().call_soon([&] { trace.note("again"); });
        const int zero = co_await hocket::sleep(0s, 11);
        EXPECT_EQ(zero, 11);
        EXPECT_EQ(trace.taken(), "again");
    }());
}

TEST(Sleep, may_give_what_can_only_be_moved) {
    run([]() -> Coro<> {
        const std::unique_ptr<int> given = co_await hocket::sleep(1ms, std::make_unique<int>(3));
        EXPECT_EQ(*given, 3);
        auto later = hocket::sleep(0, std::make_unique<int>(4));
        const std::unique_ptr<int> moved = co_await std::move(later);
        EXPECT_EQ(*moved, 4);
    }());
}

TEST(Sleep, of_a_nan_is_an_error_of_the_task) {
    run([]() -> Coro<> {
        const auto sleeper =
            create_task([]() -> Coro<> { co_await hocket::sleep(std::numeric_limits<double>::quiet_NaN() * 1s); });
        EXPECT_EQ(co_await ending_of(sleeper), "hocket::ValueError: a span of time cannot be a NaN");
    }());
}

TEST(Sleep, a_cancel_takes_its_timer_back) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const auto sleeper =
            create_task([]() -> Coro<std::string> { co_return co_await hocket::sleep(10h, std::string("never")); });
        co_await testing::turns(1);
        EXPECT_FALSE(loop.timers().empty());
        sleeper.cancel();
        co_await testing::turns(1);
        EXPECT_TRUE(loop.timers().empty());
        EXPECT_TRUE(sleeper.cancelled());
    }());
}

TEST(VirtualSleep, ends_when_a_timer_cancels_its_task) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint begin = loop.time();
        const auto sleeper = create_task([]() -> Coro<> { co_await hocket::sleep(5000s); });
        loop.call_later(100ms, [sleeper] { sleeper.cancel(); });
        EXPECT_EQ(co_await ending_of(sleeper), "hocket::CancelledError");
        EXPECT_EQ(loop.time() - begin, 100ms);
    }());
}

}  // namespace
}  // namespace hocket
