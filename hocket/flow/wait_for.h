// SPDX-License-Identifier: MIT
// Waiting for one awaitable no longer than a time: wait_for.
#pragma once

#include <hocket/flow/ensure_future.h>
#include <hocket/flow/stored_awaitable.h>
#include <hocket/flow/timeout.h>
#include <hocket/flow/wait.h>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket {

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
class [[nodiscard("nothing waits until this is awaited: co_await wait_for(...)")]] WaitFor : StoredAwaitable<A> {
    using Base = StoredAwaitable<A>;
    using typename Base::Inner, typename Base::Result;

public:
    using HocketAwaiter = WaitFor;
    static constexpr bool awaited_often = false;

    template <class U>
    WaitFor(U&& awaitable, TimeLimit limit) : Base(std::in_place, std::forward<U>(awaitable)), limit_(limit) {}
    WaitFor(WaitFor&& not_begun) noexcept(std::is_nothrow_move_constructible_v<A>)
        : Base(std::move(not_begun)), limit_(not_begun.limit_) {}
    WaitFor& operator=(WaitFor&&) = delete;

    bool await_ready() {
        if (refused_) [[unlikely]]
            throw_awaited_twice("wait_for");
        if (limit_.past()) [[unlikely]] {
            refused_.emplace(wait_for_nothing(std::move(this->awaitable())));
            return refused_->await_ready();
        }
        if (this->begin("wait_for")) return true;
        if (!limit_.none()) scope_.enter(limit_);
        return false;
    }
    Transfer await_suspend(AwaitingFrame h) {
        if (refused_) [[unlikely]]
            return refused_->await_suspend(h);
        return this->suspend(h);
    }
    Result await_resume() {
        if (refused_) [[unlikely]]
            return refused_->await_resume();
        if constexpr (is_coro<Inner>) {
            return scope_.finish(this->inner());
        } else {
            if (!scope_.leave()) [[likely]]
                return this->inner().await_resume();
            try {
                return this->inner().await_resume();
            } catch (const CancelledError&) {  // by the limit
                throw TimeoutError();
            }
        }
    }

private:
    TimeLimit limit_;
    TimeoutScope scope_;
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
