// SPDX-License-Identifier: MIT
// How another thread brings all loops of the process to stand still for a moment.
#pragma once

#include <hocket/base/owners.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace hocket {
class EventLoop;
}

namespace hocket::inspect {

struct Meeting;

/// While it lives, every loop that came stands between two steps: none of its tasks runs. One that is busy, or blocked, is not waited for long,
/// and loops in virtual time are left alone, since a visit would be a step more. Not for a loop's thread.
class Visit {
public:
    Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit();

    /// The marks of those that stand.
    const std::vector<std::uint64_t>& came() const noexcept { return came_; }
    /// How long the first of them stands already.
    std::chrono::nanoseconds stopped() const noexcept;

private:
    void meet();

    Shared<Meeting> meeting_;
    std::vector<std::uint64_t> came_;
};

/// Each loop of the process, but for those in virtual time, calls `what` when it comes to it; those that nobody runs, too, if `also_stopped`.
void ask_loops(void (*what)(EventLoop&), bool also_stopped);

}  // namespace hocket::inspect
