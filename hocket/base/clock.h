// SPDX-License-Identifier: MIT
// Spans and points of the loop's time.
#pragma once

#include <hocket/base/config.h>

// Of <chrono> only durations, clocks and literals: calendars and their formatting would be a tenth of what hocket.h costs to compile.
#if __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif
#include <cstdint>
#include <string>

namespace hocket {

[[noreturn]] HOCKET_EXPORT void throw_no_span_of_time();

/// A span of time. Every `std::chrono::duration` converts to it: `2s`, `150ms`, `0.5s`. Spans beyond 292 years are cut to that;
/// ValueError is thrown for a NaN.
class Duration {
public:
    constexpr Duration() noexcept = default;

    template <class Rep, class Period>
    constexpr Duration(std::chrono::duration<Rep, Period> d) noexcept(std::is_integral_v<Rep>) : ns_(nanoseconds(d)) {}

    constexpr std::int64_t count() const noexcept { return ns_; }  ///< nanoseconds
    constexpr operator std::chrono::nanoseconds() const noexcept { return std::chrono::nanoseconds(ns_); }

private:
    template <class Rep, class Period>
    static constexpr std::int64_t nanoseconds(std::chrono::duration<Rep, Period> d) noexcept(std::is_integral_v<Rep>) {
        using std::chrono::nanoseconds;
        if constexpr (std::is_integral_v<Rep>) {
            using Scale = std::ratio_divide<Period, std::nano>;
            std::int64_t scaled = 0;
            if (__builtin_mul_overflow(d.count(), Scale::num, &scaled)) return d.count() > 0 ? INT64_MAX : INT64_MIN;
            return scaled / Scale::den;
        } else {
            const auto exact = std::chrono::duration<long double, std::nano>(d).count();
            if (exact >= 9.2e18L) return INT64_MAX;
            if (exact <= -9.2e18L) return INT64_MIN;
            if (exact != exact) throw_no_span_of_time();
            return static_cast<std::int64_t>(exact);
        }
    }

    std::int64_t ns_ = 0;
};

/// The clock of `EventLoop::time()`: monotonic, its zero unspecified, virtual where the backend's time is. It has no `now()`, since
/// only a loop can tell.
struct LoopClock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<LoopClock>;
    static constexpr bool is_steady = true;
};

using TimePoint = LoopClock::time_point;

/// `time` and `span` nanoseconds, cut to what can be told; never INT64_MAX, which stands for no time at all.
constexpr std::int64_t time_after(std::int64_t time, std::int64_t span) noexcept {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(time, span, &sum)) return span > 0 ? INT64_MAX - 1 : INT64_MIN;
    return sum < INT64_MAX ? sum : INT64_MAX - 1;
}

/// `1.234`: so many nanoseconds, none of them negative, in seconds, for a person to read.
HOCKET_EXPORT std::string seconds_text(std::int64_t nanoseconds);

}  // namespace hocket
