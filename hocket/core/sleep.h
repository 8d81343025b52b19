// SPDX-License-Identifier: MIT
// Sleeping, and giving others a turn.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/core/awaitable.h>

#include <type_traits>
#include <utility>

namespace hocket {

/// The timer of a task that sleeps. As in asyncio the task goes on one iteration after the timer is due.
struct HOCKET_EXPORT SleepTimer final : Timer {
    TaskBase* task = nullptr;

    void run() override;
    bool cancel_wait(TaskBase& t) noexcept override;
    void describe(AwaitDescription& to) const override;
};

/// What `sleep` returns.
class [[nodiscard]] HOCKET_EXPORT Sleep {
public:
    using HocketAwaiter = Sleep;
    static constexpr bool awaited_often = false;

    explicit Sleep(Duration d) noexcept : nanoseconds_(d.count() > 0 ? d.count() : 0) {}
    // Into the task that `gather` makes of it. One that has begun leaves its timer where it is.
    Sleep(Sleep&& other) noexcept : nanoseconds_(other.nanoseconds_ < 0 ? over : other.nanoseconds_) {}
    Sleep& operator=(Sleep&&) = delete;
    HOCKET_INLINE ~Sleep() {
        if (nanoseconds_ == armed) disarm();
    }

    bool await_ready() const noexcept { return false; }
    HOCKET_INLINE void await_suspend(AwaitingFrame h) { suspend(h); }
    HOCKET_INLINE void await_resume() const { resume_point(); }

private:
    static constexpr std::int64_t armed = INT64_MIN;     // it has begun, and has a timer
    static constexpr std::int64_t over = INT64_MIN + 1;  // it has begun without one
    void suspend(std::coroutine_handle<> h);
    void disarm() noexcept;

    std::int64_t nanoseconds_;
    union {
        SleepTimer timer_;
    };
};

/// What `sleep(0)` returns: without room for a timer in the frame.
struct [[nodiscard]] Yield {
    using HocketAwaiter = Yield;
    static constexpr bool awaited_often = true;

    bool await_ready() const noexcept { return false; }
    HOCKET_INLINE void await_suspend(AwaitingFrame h) const noexcept {
        EventLoop& loop = *this_loop;
        loop.current->frame = h;
        loop.push(*loop.current);
    }
    HOCKET_INLINE void await_resume() const { resume_point(); }
};

/// What `sleep(delay, result)` returns.
template <class T>
class [[nodiscard]] SleepResult final : public Sleep {
public:
    using HocketAwaiter = SleepResult;

    template <class U>
    SleepResult(Duration delay, U&& result) : Sleep(delay), result_(std::forward<U>(result)) {}

    T await_resume() {
        Sleep::await_resume();
        return std::move(result_);
    }

private:
    T result_;
};

/// The literal 0.
struct ZeroLiteral {
    consteval ZeroLiteral(int n) {
        if (n != 0) throw "sleep takes a duration, such as 2s or 150ms";
    }
};

/// Suspends the task for `delay`; others run meanwhile. With no or a negative delay it only lets the others have a turn. A cancel ends it
/// at once. Awaiting it a second time throws RuntimeError (`asyncio.sleep`).
inline Sleep sleep(Duration delay) noexcept { return Sleep(delay); }
/// Lets every other ready task have a turn.
inline Yield sleep(ZeroLiteral) noexcept { return {}; }
/// The same; gives `result` (`asyncio.sleep(delay, result)`).
template <class T>
SleepResult<std::decay_t<T>> sleep(Duration delay, T&& result) {
    return {delay, std::forward<T>(result)};
}
template <class T>
SleepResult<std::decay_t<T>> sleep(ZeroLiteral, T&& result) {
    return {Duration(), std::forward<T>(result)};
}

}  // namespace hocket
