// SPDX-License-Identifier: MIT
// An awaitable that another one holds and waits for in its own place: what wait_for and as_result have in common.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/core/future.h>
#include <hocket/flow/ensure_future.h>
#include <hocket/flow/follow.h>

#include <concepts>
#include <coroutine>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace hocket {

/// Awaits a handle for its result, to be moved out if nobody else holds the object.
template <class H>
class HandleAwaiter : public FutureAwaiterBase {
public:
    explicit HandleAwaiter(H& handle) noexcept : FutureAwaiterBase(handle.state()), handle_(handle) {}

    typename H::value_type await_resume() {
        if (held_) resume_point();
        return take();
    }

    /// What the future ended with, or null. Throws if the wait ended by a cancel.
    std::exception_ptr failure() const {
        if (held_) resume_point();
        return exception_of(*state_);
    }
    bool cancelled() const noexcept { return state_->cancelled(); }
    typename H::value_type take() {
        if (held_) static_cast<FutureHandle&>(handle_) = FutureHandle();  // the awaiter holds it
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

/// Holds an A until it is awaited, then its awaiter, too. Moved only before it begins.
template <class A>
class StoredAwaitable {
    using Started = StartedAwaiter<A>;

protected:
    using Inner = typename Started::type;
    using Result = typename Started::Result;

    template <class U>
    StoredAwaitable(std::in_place_t, U&& awaitable) : awaitable_(std::forward<U>(awaitable)) {}
    StoredAwaitable(StoredAwaitable&& not_begun) noexcept(std::is_nothrow_move_constructible_v<A>)
        : awaitable_(std::move(not_begun.awaitable_)) {}
    StoredAwaitable& operator=(StoredAwaitable&&) = delete;
    ~StoredAwaitable() {
        if constexpr (separate) {
            if (begun_) awaiter_.~Inner();
        }
    }

    /// Begins to await it; whether there is nothing to wait for. Throws RuntimeError the second time, which names `what`.
    bool begin(const char* what) {
        if (begun_) [[unlikely]]
            throw_awaited_twice(what);
        if constexpr (separate) new (&awaiter_) Inner(Started::start(awaitable_));
        begun_ = true;
        return inner().await_ready();
    }
    Transfer suspend(AwaitingFrame h) {
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
    A& awaitable() noexcept { return awaitable_; }
    Inner& inner() noexcept {
        if constexpr (separate) {
            return awaiter_;
        } else {
            return awaitable_;
        }
    }

private:
    static constexpr bool separate = !std::same_as<Inner, A>;  // the awaiter is another object than what is stored
    struct Nothing {};

    bool begun_ = false;
    A awaitable_;
    union {
        std::conditional_t<separate, Inner, Nothing> awaiter_;
    };
};

}  // namespace hocket
