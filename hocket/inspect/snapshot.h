// SPDX-License-Identifier: MIT
// What the tasks of a process do at one moment, as data: addresses in place of functions, files and lines, which `Symbols` finds.
#pragma once

#include <hocket/base/config.h>
#include <hocket/inspect/counters.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket {
class EventLoop;
}

namespace hocket::inspect {

/// The address of a task, or of code. That of a task is its own as long as it lives.
using RemoteAddress = std::uint64_t;

struct TaskSnapshot {
    enum class State : std::uint8_t { not_started, ready, running, waiting };

    RemoteAddress id = 0;
    State state = State::ready;
    unsigned cancels = 0;     ///< those that were asked for, less `uncancel`
    bool is_limited = false;  ///< a timeout will end what it awaits
    std::string name;
    std::string awaits;                  ///< of one that waits: `sleep, 1.2 s left`, `Lock held by Task-3`
    std::vector<RemoteAddress> awaited;  ///< the tasks among that
    std::vector<RemoteAddress> frames;   ///< where each of its coroutines awaits, the innermost first
    RemoteAddress created_at = 0;
};

/// What may wake a loop's tasks when all of them wait.
struct Pending {
    std::uint64_t timers = 0;
    std::uint64_t operations = 0;  ///< of the operating system
    std::uint64_t outside = 0;     ///< jobs in executors, and other work of threads
    bool callbacks = false;        ///< some are ready
    bool signals = false;          ///< the program handles signals
};

struct LoopSnapshot {
    unsigned number = 0;  ///< loops are counted as they are made
    int thread = 0;       ///< of this process that runs it, as `gettid` tells; 0: none does
    bool stood =
        false;  ///< it stood still between two steps, and is whole; else it was busy or blocked, and may have been amid a change
    std::string backend;
    std::optional<Pending> pending;   ///< of one that stood
    std::vector<TaskSnapshot> tasks;  ///< the oldest first
    std::optional<LoopCounters> counters;
    std::vector<TaskCounters> task_counters;  ///< of each task in turn; empty where the loop does not count
};

struct Snapshot {
    int pid = 0;
    std::uint64_t stopped = 0;  ///< for so many nanoseconds no loop ran
    bool is_torn = false;       ///< it was read while it changed (`read_snapshot`), and may not fit together
    std::vector<LoopSnapshot> loops;
};

/// Of a loop none of whose tasks makes a step meanwhile; without what it counts and what is pending, unless it `stands`.
HOCKET_EXPORT LoopSnapshot snapshot_of(EventLoop& loop, bool stands = true);

/// `waiting`
HOCKET_EXPORT std::string_view name_of(TaskSnapshot::State state) noexcept;

/// As lines, for a socket. The last one says that all are there.
HOCKET_EXPORT std::string to_lines(const Snapshot& snapshot);
/// The first of them: all but the loops.
HOCKET_EXPORT std::string first_line(const Snapshot& snapshot);
/// Throws ValueError, which names the line that is not one of `to_lines`, or says that the end is missing.
HOCKET_EXPORT Snapshot from_lines(std::string_view lines);

}  // namespace hocket::inspect
