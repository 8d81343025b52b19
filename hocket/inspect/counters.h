// SPDX-License-Identifier: MIT
// How often tasks run, and for how long: counted while somebody wants to know.
#pragma once

#include <hocket/base/config.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace hocket {
class AnyTask;
class EventLoop;
}  // namespace hocket

namespace hocket::inspect {

/// How long things took, by powers of two: the first count is of those below 1,024 ns, the next of those below 2,048 ns, and so on; the last has
/// all that took longer than 4.2 s.
struct HOCKET_EXPORT Histogram {
    std::array<std::uint64_t, 24> counts{};

    void add(std::int64_t nanoseconds) noexcept;
    std::uint64_t total() const noexcept;
    /// What those of this count took at most, in nanoseconds; INT64_MAX for the last.
    static std::int64_t upper_end(std::size_t count) noexcept;
    /// What the part `fraction` (0 to 1) of all took at most, as far as the counts tell; 0 where nothing was counted.
    std::int64_t quantile(double fraction) const noexcept;
};

/// Of one task. Times are in nanoseconds of the loop's clock.
struct TaskCounters {
    std::uint64_t resumes = 0;     ///< steps that it made
    std::uint64_t wakes = 0;       ///< how often it became ready
    std::uint64_t self_wakes = 0;  ///< of these, by its own step: it has given way to others, no more
    std::int64_t busy = 0;         ///< time in its steps; not in those that stand inside them
    std::int64_t scheduled = 0;    ///< time that it was ready, and others ran
    std::int64_t idle = 0;         ///< time that it waited
    std::int64_t longest_busy = 0, longest_scheduled = 0;
    Histogram steps;   ///< how long its steps took
    Histogram delays;  ///< how long it was ready before each
};

/// Of one loop.
struct LoopCounters {
    std::int64_t counted = 0;  ///< for how long
    std::uint64_t iterations = 0;
    std::uint64_t steps_made = 0, callbacks = 0;
    std::uint64_t created = 0, ended = 0;  ///< tasks
    std::int64_t busy = 0;                 ///< time in steps and callbacks
    std::int64_t waiting = 0;              ///< time in which nothing was ready
    Histogram steps, delays;               ///< of all tasks together
};

/// From the next iteration on the loop counts, which costs each step of a task about 100 ns. Harmless when it counts already. Where there is no
/// memory to count what a task does, that is left out of the task's counters, and the program goes on. The loop's thread.
HOCKET_EXPORT void start_counting(EventLoop& loop);
/// What was counted is gone, unless `hocket top` looks at it, too. Harmless when it does not count.
HOCKET_EXPORT void stop_counting(EventLoop& loop) noexcept;
/// All zero where the loop does not count. The loop's thread.
HOCKET_EXPORT LoopCounters counters_of(const EventLoop& loop);
/// All zero of one that is done, or of a loop that does not count.
HOCKET_EXPORT TaskCounters counters_of(const AnyTask& task);

}  // namespace hocket::inspect
