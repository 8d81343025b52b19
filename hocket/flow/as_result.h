// SPDX-License-Identifier: MIT
// Taking an outcome as a value, without a throw: as_result.
#pragma once

#include <hocket/base/result.h>
#include <hocket/flow/stored_awaitable.h>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace hocket {

/// What `as_result` returns, to be awaited once.
template <class A>
class [[nodiscard("nothing waits until this is awaited: co_await as_result(...)")]] AsResult : StoredAwaitable<A> {
    using Base = StoredAwaitable<A>;
    using typename Base::Inner;
    using Value = typename Base::Result;
    static_assert(!std::is_reference_v<Value>, "hocket: as_result takes what gives a value, not a reference");

public:
    using HocketAwaiter = AsResult;
    static constexpr bool awaited_often = false;

    template <class U>
    AsResult(std::in_place_t, U&& awaitable) : Base(std::in_place, std::forward<U>(awaitable)) {}
    AsResult(AsResult&&) noexcept(std::is_nothrow_move_constructible_v<A>) = default;
    AsResult& operator=(AsResult&&) = delete;

    bool await_ready() {
        const TaskBase& t = *this_loop->current;
        cancelling_ = t.cancelling();
        if (t.flags & f_must_cancel && cancelling_ > 0) --cancelling_;  // it is still to be thrown
        return this->begin("as_result");
    }
    Transfer await_suspend(AwaitingFrame h) { return this->suspend(h); }
    Result<Value> await_resume() {
        if constexpr (is_coro<Inner>) {
            if (std::exception_ptr e = std::exchange(this_loop->raised, {})) {
                const bool cancelled = is_cancelled(e);
                return outcome(std::move(e), cancelled);
            }
            return value([this]() -> Value { return this->inner().await_resume(); });
        } else if constexpr (FutureLike<A>) {
            if (std::exception_ptr e = this->inner().failure()) return outcome(std::move(e), this->inner().cancelled());
            return value([this]() -> Value { return this->inner().take(); });
        } else {
            try {
                return value([this]() -> Value { return this->inner().await_resume(); });
            } catch (...) {  // the outcome
                const std::exception_ptr e = std::current_exception();
                return outcome(e, is_cancelled(e));
            }
        }
    }

private:
    // What is not of what was awaited, but meant for this task or the program, is thrown.
    Result<Value> outcome(std::exception_ptr e, bool cancelled) const {
        if (ends_the_loop(e)) std::rethrow_exception(std::move(e));
        if (cancelled && this_loop->current->cancelling() > cancelling_) std::rethrow_exception(std::move(e));
        return e;
    }
    template <class F>
    static Result<Value> value(F take) {
        if constexpr (std::is_void_v<Value>) {
            take();
            return {};
        } else {
            return take();
        }
    }

    unsigned cancelling_ = 0;  // how many cancels had been thrown when it began
};

/// Awaits `awaitable` inside the current task, and gives what it returned or ended with, as `gather(settle, ...)` does for several:
/// `Result<Page> page = co_await as_result(fetch(url))`.
///
/// The outcome of a coroutine, task or future comes without a throw here, which saves a microsecond where failures are ordinary. That a
/// task was cancelled by somebody else is an outcome, too. A cancel of the waiting task is none: it is thrown, as at any await, and so are
/// KeyboardInterrupt and SystemExit. The result of a task is moved out if nobody else holds the task, else copied. Misuse throws: an
/// empty handle, the task itself, a future of another loop, a second await. No counterpart in asyncio.
template <class A>
auto as_result(A&& awaitable) {
    if constexpr (check_awaitable<A>())
        return AsResult<std::remove_cvref_t<A>>(std::in_place, std::forward<A>(awaitable));
}

}  // namespace hocket
