// SPDX-License-Identifier: MIT
// Looks by itself for what is wrong in a program, and says so.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/config.h>
#include <hocket/base/function.h>
#include <hocket/inspect/remote.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::inspect {

/// Something that is wrong.
struct Finding {
    enum class Kind : std::uint8_t {
        blocked_loop,     ///< a step or callback takes long: it is in a call that blocks, or computes and never yields
        await_cycle,      ///< tasks that wait for each other
        lost_wake,        ///< a task waits, and nothing is left that could wake it
        ignored_cancel,   ///< a task that was cancelled goes on
        growing_queue,    ///< a queue without a limit has become large
        oversized_frame,  ///< a coroutine's frame is so large that making it asks the system for memory each time
    };
    Kind kind = Kind::blocked_loop;
    std::string task;   ///< whose it is; empty where that is not known
    std::string text;   ///< all of it in words, with functions, files and lines
    std::string place;  ///< what it is about: of the same kind and place one is told in a minute
};

/// `blocked loop`
HOCKET_EXPORT std::string_view name_of(Finding::Kind kind) noexcept;

struct DetectorOptions {
    Duration blocked = std::chrono::milliseconds(200);   ///< a step may take so long; zero: as long as it likes
    Duration interval = std::chrono::seconds(5);         ///< between two looks at all tasks; zero: none is looked at
    Duration ignored_cancel = std::chrono::seconds(10);  ///< a task may go on so long after a cancel
    std::size_t queue = 4096;                            ///< items in a queue without a limit; 0: as many as it likes
    std::size_t frame = 16 << 10;                        ///< bytes; 0: as large as it likes
    std::size_t most_in_a_minute = 20;
    Function<void(const Finding&)>
        found;  ///< called by one thread at a time, any; empty: each is reported (hocket/base/report.h)
};

/// From here on, what is wrong is found in all loops of the process but those in virtual time, whose deadlocks end their runs in any case. A thread of
/// its own looks at them. HOCKET_DETECT=5 in the environment, which is the interval in seconds, does it as soon as a `Runner` makes its loop. Throws ValueError for an option
/// that makes no sense, RuntimeError when they are started already, OSError. Any thread but in `found`.
///
/// Costs: each step of a task nearly what a counted one costs (counters.h); each look makes all loops stand still while the process is forked,
/// about a millisecond, or longer where it has gigabytes. A program that handles SIGCHLD gets one each time.
HOCKET_EXPORT void start_detectors(DetectorOptions options = {});
/// Harmless when none runs. Any thread but in `found`.
HOCKET_EXPORT void stop_detectors() noexcept;
/// For a Runner's new loop, which does not run yet: starts them, if HOCKET_DETECT asks for it, and, where they are started, lets them look at
/// it from its first step on. What goes wrong is reported.
HOCKET_EXPORT void detect_in(EventLoop& loop) noexcept;

/// The cycles and the lost wakes in `loop`, which stood: a task that waits for tasks is stuck when all of those are. Nothing is said of one that a
/// timer, the operating system, a job or a signal may wake; another thread might still wake those that are named.
HOCKET_EXPORT std::vector<Finding> stuck_tasks(const LoopSnapshot& loop, const Sources& sources);

}  // namespace hocket::inspect
