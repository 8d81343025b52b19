// SPDX-License-Identifier: MIT
// Whether a time has passed, told by the processor's own counter: reading the clock costs 20 ns or more, the counter a third of that.
#pragma once

#include <algorithm>
#include <cstdint>

namespace hocket {

/// Learns how fast the processor's counter runs beside a clock, and tells by it when the clock need not be read yet.
///
/// It never tells late by more than the time asked for: the counter's pace is taken 1/64 too low, and only ever corrected downwards, so that
/// a suspended machine cannot raise it; a counter that goes back tells at once.
class TickClock {
public:
    /// A point in time: `passed()` is false only before it.
    struct Mark {
        std::uint64_t set_at = 0, distance = 0;
        bool passed() const noexcept { return ticks() - set_at >= distance; }
    };

    /// The mark `nanoseconds` from now; one that has passed already while the pace is not known.
    Mark after(std::int64_t nanoseconds) const noexcept {
        const auto distance =
            static_cast<std::uint64_t>(static_cast<double>(std::max<std::int64_t>(nanoseconds, 0)) * ticks_per_ns_);
        return {ticks(), distance};
    }
    /// Takes the clock's present time into account.
    void learn(std::int64_t now) noexcept {
        const std::uint64_t tick = ticks();
        if (last_time_ != 0) {
            if (now - last_time_ < shortest) return;
            if (now - last_time_ > longest) last_time_ = 0;
        }
        if (last_time_ != 0) {
            const double pace =
                static_cast<double>(tick - last_tick_) / static_cast<double>(now - last_time_) * (63.0 / 64);
            if (tick > last_tick_) ticks_per_ns_ = ticks_per_ns_ == 0 ? pace : std::min(pace, ticks_per_ns_);
        }
        last_time_ = now;
        last_tick_ = tick;
    }

private:
    static constexpr std::int64_t shortest = 1'000'000;   // ns that a measurement of the pace takes,
    static constexpr std::int64_t longest = 100'000'000;  // at most, so that no sleep of the machine is in it unseen

    static std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
        return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
        std::uint64_t value;
        asm volatile("mrs %0, cntvct_el0" : "=r"(value));
        return value;
#else
        return 0;  // no pace is learnt: every mark has passed, and the clock is read each time
#endif
    }

    double ticks_per_ns_ = 0;
    std::uint64_t last_tick_ = 0;
    std::int64_t last_time_ = 0;
};

}  // namespace hocket
