// SPDX-License-Identifier: MIT
// A point that tasks pass together.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/core/gate.h>
#include <hocket/sync/watch.h>

#include <cstddef>
#include <cstdint>

namespace hocket {

/// The barrier was reset or aborted (`asyncio.BrokenBarrierError`).
class HOCKET_EXPORT BrokenBarrierError : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
    ~BrokenBarrierError() override;
};

/// A point at which tasks wait until a number of them is there, and then go on together (`asyncio.Barrier`), again and again: who comes
/// while the last round leaves, waits until it has left.
///
/// Belongs to one loop; not thread-safe. Destroyed while tasks wait, it wakes them with RuntimeError.
class HOCKET_EXPORT Barrier final : public Watched, WaitPoint {
public:
    /// Throws ValueError unless `parties` > 0.
    explicit Barrier(std::ptrdiff_t parties);

    /// Waits until `parties()` tasks do; gives how many were there before, from 0 to `parties() - 1`. The last to arrive does not suspend. A
    /// cancelled task leaves, and the barrier waits for another instead: as in asyncio, two may then get the same number. Throws
    /// BrokenBarrierError if it is reset or aborted meanwhile, or was aborted before.
    Coro<std::size_t> wait();
    /// The same: there is nothing to be done at the end of the scope (`async with barrier as position`).
    HOCKET_CORO_WRAPPER Coro<std::size_t> scoped() { return wait(); }

    /// Back to the empty state: the tasks that wait get BrokenBarrierError. Does not suspend.
    void reset();
    /// Breaks it: the tasks that wait, and those that come, get BrokenBarrierError, until `reset`. Does not suspend.
    void abort();

    std::size_t parties() const noexcept { return parties_; }
    /// How many wait for the others.
    std::size_t n_waiting() const noexcept { return state_ == State::filling ? inside_ : 0; }
    bool broken() const noexcept { return state_ == State::broken; }

private:
    enum class State : std::uint8_t { filling, draining, resetting, broken };

    Coro<bool> change();
    void leave();
    void describe(AwaitDescription& to) const override;

    std::size_t parties_;
    std::size_t inside_ = 0;  // tasks that have arrived and not left
    State state_ = State::filling;
};

}  // namespace hocket
