// SPDX-License-Identifier: MIT
// The rounds of a barrier: it fills, it drains, and only then fills again.
#include <hocket/sync/barrier.h>

#include <hocket/core/await_graph.h>

#include <exception>
#include <string>

namespace hocket {

BrokenBarrierError::~BrokenBarrierError() = default;

Barrier::Barrier(std::ptrdiff_t parties) : WaitPoint("Barrier"), parties_(static_cast<std::size_t>(parties)) {
    if (parties < 1) throw ValueError("parties must be > 0");
}

// Waits for the state to change. A cancelled task hands on what may have woken it.
Coro<bool> Barrier::change() {
    const Watch<Barrier> self(*this);
    try {
        co_return co_await suspend();
    } catch (const CancelledError&) {
        if (self) self->wake(1);
        throw;
    }
}

Coro<std::size_t> Barrier::wait() {
    const Watch<Barrier> self(*this);
    while (state_ == State::draining || state_ == State::resetting) {
        co_await change();
        if (!self) throw BrokenBarrierError("Barrier was destroyed while a task waited for it");
    }
    if (broken()) throw BrokenBarrierError("Barrier aborted");
    const std::size_t position = inside_++;
    if (inside_ == parties_) {
        state_ = State::draining;
        wake_all(f_granted);
        leave();
        co_return position;
    }
    std::exception_ptr ended;
    State found = State::filling;
    try {
        while (found == State::filling) {
            const bool all_here = co_await change();
            found = self ? state_ : all_here ? State::draining : State::broken;
        }
    } catch (...) {
        ended = std::current_exception();
    }
    if (self) leave();
    if (ended) std::rethrow_exception(std::move(ended));
    if (found != State::draining) throw BrokenBarrierError("Abort or reset of barrier");
    co_return position;
}

// The last of a round opens the barrier for the next.
void Barrier::leave() {
    if (--inside_ > 0) return;
    if (state_ == State::resetting || state_ == State::draining) state_ = State::filling;
    wake_all();
}

void Barrier::reset() {
    state_ = inside_ > 0 ? State::resetting : State::filling;
    wake_all();
}

void Barrier::abort() {
    state_ = State::broken;
    wake_all();
}

void Barrier::describe(AwaitDescription& to) const {
    to.text = "Barrier, ";
    if (state_ == State::filling) {
        to.text += std::to_string(inside_) + " of " + std::to_string(parties_) + " arrived";
    } else {
        to.text += std::to_string(inside_) + " have to leave first";
    }
}

}  // namespace hocket
