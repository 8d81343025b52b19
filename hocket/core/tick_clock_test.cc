// SPDX-License-Identifier: MIT
// The counter says that a time has not passed only when it has not.
#include <hocket/core/tick_clock.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace hocket {
namespace {

std::int64_t clock_now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void spend(std::int64_t nanoseconds) {
    for (const std::int64_t end = clock_now() + nanoseconds; clock_now() < end;) {
    }
}

// The lowest of several measurements counts: one may be wrong, where another process ran between the readings of clock and counter.
void learn_the_pace(TickClock& clock) {
    clock.learn(clock_now());
    for (int i = 0; i < 10; ++i) {
        spend(2'000'000);
        clock.learn(clock_now());
    }
}

TEST(OnceTickClock, every_time_has_passed_while_its_pace_is_not_known) {
    TickClock clock;
    EXPECT_TRUE(TickClock::Mark().passed());
    EXPECT_TRUE(clock.after(1'000'000'000).passed());
    clock.learn(clock_now());
    EXPECT_TRUE(clock.after(1'000'000'000).passed());
}

TEST(OnceTickClock, tells_of_a_time_before_it_is_over_or_at_once_after) {
    TickClock clock;
    learn_the_pace(clock);
    EXPECT_FALSE(clock.after(3'600'000'000'000).passed());
    for (int i = 0; i < 20; ++i) {
        const TickClock::Mark mark = clock.after(100'000);
        spend(100'000);
        EXPECT_TRUE(mark.passed());
    }
    EXPECT_TRUE(clock.after(0).passed());
    EXPECT_TRUE(clock.after(-5).passed());
}

// A machine that slept: its counter ran on, and the clock did not.
TEST(OnceTickClock, a_pace_that_is_too_high_is_not_believed) {
    TickClock clock;
    learn_the_pace(clock);
    const std::int64_t now = clock_now();
    clock.learn(now);
    spend(50'000'000);
    clock.learn(now + 1'000'000);  // fifty times as fast
    const TickClock::Mark mark = clock.after(1'000'000);
    spend(2'000'000);
    EXPECT_TRUE(mark.passed());
}

// One that woke with its counter at 0.
TEST(OnceTickClock, a_counter_that_went_back_makes_every_time_pass) {
    TickClock clock;
    clock.learn(clock_now());
    spend(2'000'000);
    clock.learn(clock_now());
    TickClock::Mark mark = clock.after(3'600'000'000'000);
    mark.set_at += std::uint64_t{1} << 60;
    EXPECT_TRUE(mark.passed());
}

}  // namespace
}  // namespace hocket
