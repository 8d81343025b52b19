// SPDX-License-Identifier: MIT
// What Lock and Semaphore have in common: permits that tasks acquire in turn, and the guard that gives one back.
#pragma once

#include <hocket/core/gate.h>
#include <hocket/sync/watch.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace hocket {

class Guard;

/// A number of permits, and the tasks that wait for one, first come, first served: while one task waits, or was woken and has not run
/// yet, a newcomer queues behind it even if a permit is free. A woken task that is cancelled hands its permit on.
///
/// Belongs to one loop, the first on which a task waits for it; not thread-safe. Destroyed while tasks wait, it wakes them with
/// RuntimeError; a guard that outlives it does nothing.
class HOCKET_EXPORT Permits : public Watched, Gate {
public:
    class Acquire;
    class Scoped;

    /// `co_await x.acquire()`: takes a permit; suspends until there is one and nobody is before this task. Throws CancelledError if the
    /// task is cancelled first, and then holds nothing; RuntimeError on a second loop.
    Acquire acquire() noexcept;
    /// `auto guard = co_await x.scoped();`: the same, and the guard gives the permit back at the end of its scope (`async with x`).
    Scoped scoped() noexcept;
    /// Gives a permit back, which need not be the same task's. The task that waits longest is woken. Does not suspend.
    virtual void release() = 0;

protected:
    Permits(const char* what, std::size_t free) noexcept : Gate(what, free_, 0), free_(free) {}
    virtual ~Permits() = default;

    /// Permits that nobody has, and that are not promised to a woken task.
    std::size_t unpromised() const noexcept { return free_ - promised_; }
    bool available() const noexcept { return free_ > 0 && promised_ == 0 && !has_waiters(); }
    void give_back();

    std::size_t free_;                      // includes those that are promised
    std::size_t promised_ = 0;              // to tasks that were woken and have not run yet
    const TaskBase* last_taker_ = nullptr;  // may be gone, and another task in its place,
    std::uintptr_t tasks_then_ = 0;         // whose number is higher than this

    using WaitPoint::cancel_wait, WaitPoint::loop, WaitPoint::waiters_, WaitPoint::what_;

    void wake_waiters();
    std::size_t deferred_ = 0;  // cancelled tasks that are to wake the next (lock.cc): nobody is woken before them

private:
    // Who has not waited finds nothing promised; who has, takes what was promised.
    void take(const TaskBase& t) {
        --free_;
        last_taker_ = &t;
        tasks_then_ = this_loop->tasks_created;
        if (promised_ == 0) return;
        --promised_;
        wake_waiters();
    }
    void pass_on(const TaskBase& t) noexcept override;
};

class [[nodiscard("nothing is acquired until this is awaited")]] Permits::Acquire {
public:
    using HocketAwaiter = Acquire;
    static constexpr bool awaited_often = true;

    explicit Acquire(Permits& permits) noexcept : permits_(&permits) {}
    HOCKET_INLINE bool await_ready() const {
        if (permits_->available()) return true;
        permits_->check_loop();
        return false;
    }
    HOCKET_INLINE void await_suspend(AwaitingFrame h) const noexcept { permits_->wait(h); }
    HOCKET_INLINE void await_resume() const {
        TaskBase& t = *this_loop->current;
        resume_point(t);
        permits_->take(t);
    }

protected:
    Permits* permits_;
};

/// Gives back what was acquired when its scope ends, or before by `release`. Can be moved, not copied. Keep it in a local variable.
class [[nodiscard("released at once: give the guard a name")]] HOCKET_EXPORT Guard {
public:
    Guard(Guard&&) noexcept = default;
    /// Gives back what it held before.
    Guard& operator=(Guard&& other) noexcept;
    ~Guard();

    /// Whether there is something to give back.
    explicit operator bool() const noexcept { return static_cast<bool>(permits_); }
    /// Gives it back now. Nothing happens the second time.
    void release();

private:
    friend class Permits::Scoped;
    explicit Guard(Permits& permits) noexcept : permits_(permits) {}

    Watch<Permits> permits_;
};

class [[nodiscard("nothing is acquired until this is awaited")]] Permits::Scoped : Acquire {
public:
    using HocketAwaiter = Scoped;
    using Acquire::Acquire, Acquire::await_ready, Acquire::await_suspend, Acquire::awaited_often;

    HOCKET_INLINE Guard await_resume() const {
        Acquire::await_resume();
        return Guard(*permits_);
    }
};

inline Permits::Acquire Permits::acquire() noexcept { return Acquire(*this); }
inline Permits::Scoped Permits::scoped() noexcept { return Scoped(*this); }

}  // namespace hocket
