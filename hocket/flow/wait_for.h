// SPDX-License-Identifier: MIT
// Waiting for one awaitable no longer than a time: wait_for.
#pragma once

#include <hocket/flow/ensure_future.h>
#include <hocket/flow/timeout.h>
#include <hocket/flow/wait.h>

#include <coroutine>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket {

/// Awaits a handle for its result, to be moved out if nobody else holds the object.
template <class H>
class HandleAwaiter : public FutureAwaiterBase {
public:
    explicit HandleAwaiter(H& handle) noexcept : FutureAwaiterBase(handle.state()), handle_(handle) {}

    typename H::value_type await_resume() {
        if (held_) {
            resume_point();
            static_cast<FutureHandle&>(handle_) = FutureHandle();  // the awaiter holds it
        }
        return take_result<H>(*state_);
    }

private:
    H& handle_;
};

/// The awaiter of an A that is stored as such, made when it is awaited.
template <class A>
struct StartedAwaiter {
    using type = AwaiterOf<A>;
    using Result = AwaitResult<A>;
    static type start(A& a)
        requires HasCoAwait<A>
    {
        return std::move(a).operator co_await();
    }
};
template <FutureLike A>
struct StartedAwaiter<A> {
    using type = HandleAwaiter<A>;
    using Result = typename A::value_type;
    static type start(A& a) noexcept { return type(a); }
};
template <class T>
struct StartedAwaiter<Coro<T>> {
    using type = Coro<T>;
    using Result = T;
};

/// What `wait_for` does with no time left: what is not done already is cancelled, and a coroutine never begins.
template <class A>
auto wait_for_nothing(A awaitable) -> Coro<typename StartedAwaiter<A>::Result> {
    auto future = ensure_future(std::move(awaitable));
    if (!future.done()) {
        co_await CancelAndWait(future);
        if (future.cancelled()) throw TimeoutError();
    }
    co_return take_result<decltype(future)>(*future.state());
}

/// What `wait_for` returns, to be awaited once.
template <class A>
class [[nodiscard("nothing waits until this is awaited: co_await wait_for(...)")]] WaitFor {
    using Started = StartedAwaiter<A>;
    using Inner = typename Started::type;
    using Result = typename Started::Result;
    static constexpr bool separate = !std::same_as<Inner, A>;  // the awaiter is another object than what is stored

public:
    using HocketAwaiter = WaitFor;
    static constexpr bool awaited_often = false;

    template <class U>
    WaitFor(U&& awaitable, TimeLimit limit) : limit_(limit), awaitable_(std::forward<U>(awaitable)) {}
    WaitFor(WaitFor&& not_begun) noexcept(std::is_nothrow_move_constructible_v<A>)
        : limit_(not_begun.limit_), awaitable_(std::move(not_begun.awaitable_)) {}
    WaitFor& operator=(WaitFor&&) = delete;
    ~WaitFor() {
        if constexpr (separate) {
            if (begun_) awaiter_.~Inner();
        }
    }

    bool await_ready() {
        if (limit_.past()) [[unlikely]] {
            refused_.emplace(wait_for_nothing(std::move(awaitable_)));
            return refused_->await_ready();
        }
        if constexpr (separate) {
            new (&awaiter_) Inner(Started::start(awaitable_));
            begun_ = true;
        }
        if (inner().await_ready()) return true;
        if (!limit_.none()) scope_.enter(limit_);
        return false;
    }
    Transfer await_suspend(std::coroutine_handle<> h) {
        if (refused_) [[unlikely]]
            return refused_->await_suspend(h);
        using Suspends = decltype(inner().await_suspend(h));
        if constexpr (std::same_as<Suspends, Transfer>) {
            return inner().await_suspend(h);
        } else if constexpr (std::is_void_v<Suspends>) {
            inner().await_suspend(h);
            return transfer_to_loop();
        } else {
            static_assert(std::same_as<Suspends, bool>);
            return inner().await_suspend(h) ? transfer_to_loop() : transfer(h);
        }
    }
    Result await_resume() {
        if (refused_) [[unlikely]]
            return refused_->await_resume();
        if constexpr (is_coro<Inner>) {
            return scope_.finish(inner());
        } else {
            if (!scope_.leave()) [[likely]]
                return inner().await_resume();
            try {
                return inner().await_resume();
            } catch (const CancelledError&) {  // by the limit
                throw TimeoutError();
            }
        }
    }

private:
    Inner& inner() noexcept {
        if constexpr (separate) {
            return awaiter_;
        } else {
            return awaitable_;
        }
    }
    struct Nothing {};

    TimeLimit limit_;
    bool begun_ = false;
    TimeoutScope scope_;
    A awaitable_;
    union {
        std::conditional_t<separate, Inner, Nothing> awaiter_;
    };
    std::optional<Coro<Result>> refused_;
};

/// Awaits `awaitable` inside the current task, for no longer than `timeout`; `std::nullopt` is no limit (`asyncio.wait_for`).
///
/// When the time has passed, what is awaited is cancelled; once that has ended, TimeoutError is thrown, or what it ended with if
/// that is no cancellation. So a task that shall go on is given as `shield(task)`. With a limit of 0 or less a coroutine never begins, and
/// what is done already gives its result. A cancel of the task cancels what is awaited. The result of a task is moved out if nobody
/// else holds the task, else copied.
template <class A>
auto wait_for(A&& awaitable, std::optional<Duration> timeout) {
    if constexpr (check_awaitable<A>()) {
        return WaitFor<std::remove_cvref_t<A>>(std::forward<A>(awaitable), TimeLimit(timeout));
    }
}
template <class A, class N>
    requires std::is_arithmetic_v<N>
auto wait_for(A&&, N) {
    static_assert(!std::is_arithmetic_v<N>, "hocket: a time limit has a unit: wait_for(f(), 2s), wait_for(f(), 150ms)");
}

}  // namespace hocket
