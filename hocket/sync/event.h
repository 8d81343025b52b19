// SPDX-License-Identifier: MIT
// A flag that tasks can wait for.
#pragma once

#include <hocket/core/gate.h>

#include <coroutine>

namespace hocket {

/// A flag that tasks can wait for (`asyncio.Event`).
///
/// `set` wakes every task that waits at that moment, even if `clear` follows at once: a waiter was promised that the event happened, not
/// that it still holds.
///
/// Belongs to one loop, the first on which a task waits for it; not thread-safe. Destroyed while tasks wait, it wakes them with
/// RuntimeError.
class HOCKET_EXPORT Event {
public:
    class Wait;

    Event() noexcept : waiters_("Event") {}

    bool is_set() const noexcept { return set_; }
    /// Wakes all that wait. No effect when it is set.
    void set();
    void clear() noexcept { set_ = false; }

    /// `co_await event.wait()`: returns when the flag is set. It looks at the flag when it is awaited, not before, and does not suspend
    /// when that is set. Throws CancelledError if the task is cancelled first; RuntimeError on a second loop.
    Wait wait() noexcept;

private:
    WaitPoint waiters_;
    bool set_ = false;
};

class [[nodiscard("nothing is waited for until this is awaited")]] Event::Wait {
public:
    using HocketAwaiter = Wait;
    static constexpr bool awaited_often = true;

    explicit Wait(Event& event) noexcept : event_(&event) {}
    HOCKET_INLINE bool await_ready() const {
        if (event_->set_) return true;
        event_->waiters_.check_loop();
        return false;
    }
    HOCKET_INLINE void await_suspend(AwaitingFrame h) const noexcept { event_->waiters_.wait(h); }
    HOCKET_INLINE void await_resume() const { resume_point(); }

private:
    Event* event_;
};

inline Event::Wait Event::wait() noexcept { return Wait(*this); }

}  // namespace hocket
