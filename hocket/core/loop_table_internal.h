// SPDX-License-Identifier: MIT
// The live loops of the process.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace hocket {

class EventLoop;

/// Loops by their number. Numbers are given in turn, so that one is not soon used again; a process with more live loops than there are
/// numbers shares them: checks that tell loops apart may then miss, and what finds its loop by number outside a run (a future, a handle's
/// cancel) may find another. No lock: a child of fork finds it whole.
struct LoopTable {
    std::array<std::atomic<EventLoop*>, 256> loops{};
    std::atomic<std::uint64_t> added = 0;

    /// Gives its mark.
    std::uint64_t add(EventLoop& loop) noexcept;
    void remove(EventLoop& loop) noexcept;
};

extern constinit LoopTable loop_table;  // has nothing to destroy: loops may end after static destructors

}  // namespace hocket
