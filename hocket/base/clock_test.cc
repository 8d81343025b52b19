// SPDX-License-Identifier: MIT
// Conversions to Duration, and what happens to spans that it cannot hold.
#include <hocket/base/clock.h>

#include <hocket/base/errors.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <ratio>

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(Duration, counts_nanoseconds_of_every_unit) {
    EXPECT_EQ(Duration(7ns).count(), 7);
    EXPECT_EQ(Duration(3us).count(), 3'000);
    EXPECT_EQ(Duration(150ms).count(), 150'000'000);
    EXPECT_EQ(Duration(2s).count(), 2'000'000'000);
    EXPECT_EQ(Duration(24h).count(), 86'400'000'000'000);
    EXPECT_EQ(Duration().count(), 0);
}

TEST(Duration, takes_fractions_as_python_does) {
    EXPECT_EQ(Duration(0.5s).count(), 500'000'000);
    EXPECT_EQ(Duration(1.5ms).count(), 1'500'000);
    EXPECT_EQ(Duration(-0.25s).count(), -250'000'000);
}

TEST(Duration, cuts_units_below_a_nanosecond) {
    EXPECT_EQ(Duration(std::chrono::duration<std::int64_t, std::pico>(2'999)).count(), 2);
}

TEST(Duration, cuts_spans_that_are_too_long) {
    EXPECT_EQ(Duration(std::chrono::hours::max()).count(), INT64_MAX);
    EXPECT_EQ(Duration(std::chrono::hours::min()).count(), INT64_MIN);
    EXPECT_EQ(Duration(1e30 * 1s).count(), INT64_MAX);
    EXPECT_EQ(Duration(-1e30 * 1s).count(), INT64_MIN);
    EXPECT_EQ(Duration(std::numeric_limits<double>::infinity() * 1s).count(), INT64_MAX);
    EXPECT_EQ(Duration(-std::numeric_limits<double>::infinity() * 1s).count(), INT64_MIN);
}

TEST(Duration, keeps_unsigned_counts_beyond_the_signed_ones) {
    using Unsigned = std::chrono::duration<std::uint64_t, std::nano>;
    EXPECT_EQ(Duration(Unsigned(UINT64_MAX)).count(), INT64_MAX);
    EXPECT_EQ(Duration(Unsigned(5)).count(), 5);
}

TEST(Duration, is_not_made_of_a_nan) {
    EXPECT_THROW(static_cast<void>(Duration(std::numeric_limits<double>::quiet_NaN() * 1s)), ValueError);
}

TEST(Duration, converts_back_to_chrono) {
    const std::chrono::nanoseconds ns = Duration(3s);
    EXPECT_EQ(ns, 3s);
}

TEST(Duration, is_known_at_compile_time) {
    static_assert(Duration(2ms).count() == 2'000'000);
    static_assert(Duration(0.5s).count() == 500'000'000);
}

}  // namespace
}  // namespace hocket
