// SPDX-License-Identifier: MIT
// Where tasks wait in turn: for a word from somebody (WaitPoint), or for a level to leave a value (Gate).
#pragma once

#include <hocket/core/awaitable.h>
#include <hocket/core/task_base.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace hocket {

/// The tasks that wait at one place of a primitive, first in, first out.
///
/// A task that was woken or cancelled does not touch the place any more, so that it may be destroyed before such a task runs. Destroyed
/// while tasks wait, it wakes them with RuntimeError, since nobody else can. Belongs to the loop of the first task that waits; waking
/// a task from a wrong thread throws RuntimeError in debug mode.
class HOCKET_EXPORT WaitPoint : public Leaf {
public:
    /// `what`: a literal, what tasks wait for, such as `Event` or `Queue.get`.
    explicit WaitPoint(const char* what) noexcept : what_(what) {}
    WaitPoint(const WaitPoint&) = delete;
    WaitPoint& operator=(const WaitPoint&) = delete;
    ~WaitPoint() {
        if (!waiters_.empty() || last_woken_) [[unlikely]]
            forsake();
    }

    bool has_waiters() const noexcept { return !waiters_.empty(); }

    bool bound_here() const noexcept { return loop_mark_ == this_loop->mark(); }
    /// To be called before `wait`: throws RuntimeError if the tasks of another loop have waited here.
    void check_loop() {
        if (!bound_here()) [[unlikely]]
            bind();
    }
    /// The current task, whose frame is `h`, waits here.
    void wait(std::coroutine_handle<> h) noexcept {
        TaskBase& t = *this_loop->current;
        t.wait_on(*this, h);
        waiters_.push_back(t);
        t.deliver_pending_cancel();
    }
    /// Wakes the first `n`, or all if there are fewer.
    void wake(std::size_t n);
    /// With f_granted: their `suspend` gives true.
    void wake_all(std::uint16_t how = 0);

    /// `co_await point.suspend()`: waits until woken; whether that granted something. Throws CancelledError if the task is cancelled first.
    class [[nodiscard]] Suspend;
    Suspend suspend() noexcept;

    bool cancel_wait(TaskBase& t) noexcept override;
    void describe(AwaitDescription& to) const override;

protected:
    /// The loop of the tasks that wait or have waited here, if it still lives.
    EventLoop* loop() const noexcept { return EventLoop::with_mark(loop_mark_); }
    /// Before a task is woken by what runs outside the loop: in debug mode, throws RuntimeError on a wrong thread.
    void check_thread() const;

    WaitList waiters_;
    friend struct LayoutOfWaitPoint;
    const char* what_;
    EventLoop* loop_ = nullptr;  // alive if a task waits
    // Of a gate, if a task was woken and has not run yet: the last such. Such tasks still have the gate as what they wait for.
    const Waiter* last_woken_ = nullptr;
    std::uint64_t loop_mark_ = 0;  // 0: not bound yet

private:
    void bind();
    void forsake() noexcept;
};

class WaitPoint::Suspend {
public:
    using HocketAwaiter = Suspend;
    static constexpr bool awaited_often = true;

    explicit Suspend(WaitPoint& point) noexcept : point_(&point) {}
    bool await_ready() const {
        point_->check_loop();
        return false;
    }
    void await_suspend(AwaitingFrame h) const noexcept { point_->wait(h); }
    bool await_resume() const {
        TaskBase& t = *this_loop->current;
        const bool granted = t.flags & f_granted;
        t.flags &= static_cast<std::uint16_t>(~f_granted);
        resume_point(t);
        return granted;
    }

private:
    WaitPoint* point_;
};

inline WaitPoint::Suspend WaitPoint::suspend() noexcept { return Suspend(*this); }

/// Tasks that wait until `level` is no longer `closed_at`. A woken task looks at the level once more before it is resumed, as asyncio's
/// loops around a wait do, but without running the task for it; a woken task that is cancelled hands the wakeup on.
class HOCKET_EXPORT Gate : public WaitPoint {
public:
    static constexpr std::size_t never = SIZE_MAX;  ///< a level that is not reached

    Gate(const char* what, const std::size_t& level, std::size_t closed_at) noexcept
        : WaitPoint(what), level_(level), closed_at_(closed_at) {}

    bool closed() const noexcept { return level_ == closed_at_; }

    HOCKET_INLINE void wake_next() {
        if (waiters_.empty()) return;
        EventLoop* const loop = loop_;
        if (loop != this_loop) [[unlikely]]
            return wake_next_from_outside();
        wake_front(*loop);
    }
    /// Opens it for good: every waiter goes through.
    void force_open() {
        closed_at_ = never;
        while (has_waiters()) wake_next();
    }

    // For the loop, about a woken task that it is about to run: it goes on, waits again, or was cancelled.
    HOCKET_INLINE static bool waits_again(TaskBase& t) noexcept {
        t.flags &= static_cast<std::uint16_t>(~f_recheck);
        Gate& gate = *static_cast<Gate*>(t.waiting);
        gate.arrived(t);
        if (!gate.closed()) [[likely]]
            return false;
        gate.waiters_.push_back(t);
        return true;
    }
    virtual void pass_on(const TaskBase& t) noexcept;

protected:
    ~Gate() = default;

    // Tasks run in the order in which they were woken.
    void arrived(const TaskBase& t) noexcept {
        if (last_woken_ == &t) last_woken_ = nullptr;
    }

    const std::size_t& level_;

private:
    HOCKET_INLINE void wake_front(EventLoop& loop) noexcept {
        Waiter& t = *waiters_.pop_front();
        t.raise_flag(f_recheck);
        last_woken_ = &t;
        loop.push(t);
    }
    void wake_next_from_outside();

    std::size_t closed_at_;
};

}  // namespace hocket
