// SPDX-License-Identifier: MIT
// Limits on the time that a piece of code may take: timeout, timeout_at.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/memory.h>
#include <hocket/core/coro.h>
#include <hocket/core/timer_heap.h>
#include <hocket/flow/block.h>

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket {

/// The timer of a time limit. A pooled block of its own, since a timer that is due stands in the ready queue, whatever becomes of the code that
/// it was to limit.
class HOCKET_EXPORT TimeoutState final : public Timer, public Pooled {
public:
    TimeoutState(TaskBase& task, std::int64_t now, std::int64_t when) noexcept;

    std::optional<TimePoint> when() const noexcept;
    void reschedule(std::optional<TimePoint> when);
    bool expired() const noexcept { return stage_ == Stage::expiring || stage_ == Stage::expired; }
    /// The limited code has ended. Whether a CancelledError that came out of it is this limit's doing.
    bool leave() noexcept;
    /// The frame is destroyed: there is no task to cancel any more.
    void forsake() noexcept;

    void run() override;
    void discard() noexcept override;
    void describe(AwaitDescription& to) const override;
    void share() noexcept { ++refs; }
    void drop() noexcept {
        if (--refs == 0) delete this;
    }

    static constexpr std::int64_t never = INT64_MAX;

private:
    enum class Stage : std::uint8_t { active, expiring, expired, finished };

    void schedule(std::int64_t now);
    void unschedule() noexcept;

    TaskBase& task_;
    std::int64_t when_;
    unsigned cancelling_at_entry_;
    Stage stage_ = Stage::active;
    bool scheduled_ = false;  // in the heap, or in the ready queue
};

/// The time limit of a running `timeout` (`asyncio.Timeout`). Copies stand for the same limit, and may outlive it: `expired` tells afterwards
/// what happened. A default-constructed one is empty: it has no limit and never expired. Belongs to one loop; not thread-safe.
class HOCKET_EXPORT Timeout {
public:
    Timeout() noexcept = default;
    Timeout(const Timeout& other) noexcept : state_(other.state_) {
        if (state_) state_->share();
    }
    Timeout(Timeout&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Timeout& operator=(Timeout other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~Timeout() {
        if (state_) state_->drop();
    }

    /// When the limit passes, or nothing if there is none.
    std::optional<TimePoint> when() const noexcept { return state_ ? state_->when() : std::nullopt; }
    /// Moves the limit, or takes it away. Throws RuntimeError when it has passed already, or what it limits has ended.
    void reschedule(std::optional<TimePoint> when) const;
    /// Whether the limit has passed while the limited code ran.
    bool expired() const noexcept { return state_ && state_->expired(); }

private:
    friend class TimeoutScope;
    explicit Timeout(TimeoutState* state) noexcept : state_(state) {}
    TimeoutState* state_ = nullptr;
};

/// A limit as it is given: none, a span or a point of time.
class HOCKET_EXPORT TimeLimit {
public:
    TimeLimit() noexcept = default;
    explicit TimeLimit(std::optional<Duration> delay) noexcept
        : value_(delay ? delay->count() : 0), kind_(delay ? Kind::delay : Kind::none) {}
    explicit TimeLimit(std::optional<TimePoint> when) noexcept
        : value_(when ? when->time_since_epoch().count() : 0), kind_(when ? Kind::point : Kind::none) {}

    bool none() const noexcept { return kind_ == Kind::none; }
    /// A span that is over before it begins.
    bool past() const noexcept { return kind_ == Kind::delay && value_ <= 0; }
    /// The point, in nanoseconds, of a limit that begins at `now`.
    std::int64_t point(std::int64_t now) const noexcept;

private:
    enum class Kind : std::uint8_t { none, delay, point };
    std::int64_t value_ = 0;
    Kind kind_ = Kind::none;
};

/// Where a limit holds: from `enter` to `leave`, inside one task.
class HOCKET_EXPORT TimeoutScope {
public:
    TimeoutScope() noexcept = default;
    TimeoutScope(TimeoutScope&&) noexcept = default;
    TimeoutScope& operator=(TimeoutScope&&) = delete;
    HOCKET_INLINE ~TimeoutScope() {
        if (timeout_.state_) [[unlikely]]
            timeout_.state_->forsake();
    }

    void enter(const TimeLimit& limit);
    Timeout& timeout() noexcept { return timeout_; }
    /// Whether a CancelledError that came out of the code is this limit's doing.
    bool leave() noexcept;

    /// What the coroutine returned; throws TimeoutError in the place of such a CancelledError.
    template <class T>
    HOCKET_INLINE T finish(Coro<T>& coro) {
        if (leave() && this_loop->raised) [[unlikely]]
            replace_cancellation();
        return coro.await_resume();
    }

private:
    static void replace_cancellation();
    Timeout timeout_;
};

/// A body is a coroutine, or a function of one that takes `Timeout&` or nothing.
template <class F>
struct TimeoutBody_ {};
template <class T>
struct TimeoutBody_<Coro<T>> {
    using type = Coro<T>;
};
template <class F>
    requires std::invocable<F&, Timeout&>
struct TimeoutBody_<F> {
    using type = std::remove_cvref_t<std::invoke_result_t<F&, Timeout&>>;
};
template <class F>
    requires(!std::invocable<F&, Timeout&> && std::invocable<F&>)
struct TimeoutBody_<F> {
    using type = std::remove_cvref_t<std::invoke_result_t<F&>>;
};

template <class F>
concept TimeoutBody = requires { requires is_coro<typename TimeoutBody_<F>::type>; };

/// What `timeout` returns, to be awaited once. The body lives in it.
template <class F>
class [[nodiscard("nothing runs until this is awaited: co_await timeout(...)")]] TimedBody {
    using Body = typename TimeoutBody_<F>::type;

public:
    using HocketAwaiter = TimedBody;
    static constexpr bool awaited_often = false;

    TimedBody(TimeLimit limit, F body) : limit_(limit), body_(std::move(body)) {}

    HOCKET_INLINE bool await_ready() {
        if constexpr (std::same_as<F, Body>) {
            body_.await_ready();  // throws if it was awaited before: there is nothing to limit then
        } else if (coro_) [[unlikely]] {
            throw_awaited_twice("timeout");
        }
        if constexpr (std::invocable<F&, Timeout&>) {
            scope_.enter(limit_);
            coro_.emplace(body_(scope_.timeout()));
        } else {
            if (!limit_.none()) scope_.enter(limit_);
            if constexpr (std::invocable<F&>) coro_.emplace(body_());
        }
        return coro().await_ready();
    }
    HOCKET_INLINE Transfer await_suspend(AwaitingFrame parent) noexcept { return coro().await_suspend(parent); }
    HOCKET_INLINE auto await_resume() -> decltype(std::declval<Body&>().await_resume()) {
        return scope_.finish(coro());
    }

private:
    Body& coro() noexcept {
        if constexpr (std::same_as<F, Body>) {
            return body_;
        } else {
            return *coro_;
        }
    }
    struct Nothing {};

    TimeLimit limit_;
    F body_;
    TimeoutScope scope_;
    [[no_unique_address]] std::conditional_t<std::same_as<F, Body>, Nothing, std::optional<Body>> coro_;
};

template <class F>
auto limited(TimeLimit limit, F&& body) {
    using Body = std::decay_t<F>;
    static_assert(TimeoutBody<Body>,
                  "hocket: timeout takes a coroutine, or a function of one that takes Timeout& or nothing");
    if constexpr (is_coro<Body>) {
        static_assert(std::constructible_from<Body, F>,
                      "hocket: a coroutine is awaited once, so it is handed over: std::move(coro)");
    }
    if constexpr (TimeoutBody<Body> && std::constructible_from<Body, F>)
        return TimedBody<Body>(limit, std::forward<F>(body));
}

/// Runs `body` inside the current task, and cancels it when it takes longer than `delay`: then TimeoutError is thrown. No `delay`
/// (`std::nullopt`) is no limit. `body` is a coroutine, or a function of one, which may take the limit to look at it or move it:
///
///     co_await timeout(2s, [&](Timeout& limit) -> Coro<> { ... });
///
/// Gives what the body returned. The body sees a CancelledError at its await; if it returns all the same, or throws something else,
/// that counts. A cancel that somebody else asks for stays one. A body that never suspends is not interrupted, whatever
/// the limit. Awaiting what this returns a second time throws RuntimeError (`asyncio.timeout`).
template <class F>
auto timeout(std::optional<Duration> delay, F&& body) {
    return limited(TimeLimit(delay), std::forward<F>(body));
}
/// The same, up to a point of the loop's time (`asyncio.timeout_at`).
template <class F>
auto timeout_at(std::optional<TimePoint> when, F&& body) {
    return limited(TimeLimit(when), std::forward<F>(body));
}
template <class N, class F>
    requires std::is_arithmetic_v<N>
auto timeout(N, F&&) {
    static_assert(!std::is_arithmetic_v<N>, "hocket: a time limit has a unit: timeout(2s, ...), timeout(150ms, ...)");
}

}  // namespace hocket
