// SPDX-License-Identifier: MIT
// One notion of awaitable: what gather, wait_for and the like make of a coroutine, a task, a future or anything else that can be awaited.
#pragma once

#include <hocket/core/task.h>
#include <hocket/flow/block.h>

#include <concepts>
#include <type_traits>
#include <utility>
#include <variant>

namespace hocket {

/// A handle: Task, Future or AnyTask.
template <class A>
concept FutureLike = std::derived_from<std::remove_cvref_t<A>, FutureHandle>;

/// What a handle's object is, below FutureBase.
template <class H>
struct StateOf_ {};
template <class T>
struct StateOf_<Task<T>> {
    using type = TaskState<T>;
};
template <class T>
struct StateOf_<Future<T>> {
    using type = FutureState<T>;
};

/// The result of a handle of type H, to be moved out if nobody else holds the object, else copied; one that cannot be copied is moved.
/// Throws what it ended with instead.
template <class H>
typename H::value_type take_result(FutureBase& f) {
    if constexpr (std::same_as<H, AnyTask>) {
        f.check();
    } else {
        return static_cast<typename StateOf_<H>::type&>(f).take_or_copy();
    }
}

/// A result where void and references cannot stand: std::monostate, and a pointer.
template <class T>
using Stored = std::conditional_t<std::is_void_v<T>, std::monostate,
                                  std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;

template <class H>
Stored<typename H::value_type> take_stored(FutureBase& f) {
    using T = typename H::value_type;
    if constexpr (std::is_void_v<T>) {
        take_result<H>(f);
        return {};
    } else if constexpr (std::is_reference_v<T>) {
        return __builtin_addressof(take_result<H>(f));
    } else {
        return take_result<H>(f);
    }
}

/// Says at compile time why an A cannot be handed to a function that takes awaitables.
template <class A>
constexpr bool check_awaitable() {
    using Plain = std::remove_cvref_t<A>;
    static_assert(
        Awaitable<A>,
        "hocket: an awaitable is needed here: a coroutine, a task, a future or another awaitable of hocket's");
    if constexpr (!Awaitable<A>) {
        return false;
    } else if constexpr (is_coro<Plain>) {
        constexpr bool movable = !std::is_reference_v<A> && !std::is_const_v<A>;
        static_assert(movable, "hocket: a coroutine is awaited once, so it is handed over: std::move(coro)");
        return movable;
    } else {
        constexpr bool storable = std::constructible_from<Plain, A>;
        static_assert(
            storable,
            "hocket: this awaitable can neither be copied nor moved into a task: await it in a coroutine of yours");
        return storable;
    }
}

template <class A>
struct FutureOf_ {
    using type = Task<AwaitResult<A>>;
};
template <FutureLike A>
struct FutureOf_<A> {
    using type = A;
};
template <class T>
struct FutureOf_<Coro<T>> {
    using type = Task<T>;
};

/// The handle that `ensure_future` makes of an A.
template <class A>
using FutureOf = typename FutureOf_<std::remove_cvref_t<A>>::type;

/// A coroutine around any other awaitable, which lives in its frame.
template <class A>
Coro<AwaitResult<A>> awaiting(A awaitable) {
    co_return co_await std::move(awaitable);
}

/// A task of `loop` that awaits what is no handle. `where`: the place in the program that it will be said to come from.
template <class A>
FutureOf<A> task_for(EventLoop& loop, A&& awaitable, const void* where) {
    if constexpr (is_coro<std::remove_cvref_t<A>>) {
        return make_task(loop, std::forward<A>(awaitable), TaskOptions{}, where);
    } else {
        return make_task(loop, awaiting(std::remove_cvref_t<A>(std::forward<A>(awaitable))), TaskOptions{}, where);
    }
}

template <class A>
FutureOf<A> future_for(A&& awaitable, const void* where) {
    if constexpr (FutureLike<A>) {
        return std::forward<A>(awaitable);
    } else {
        if constexpr (is_coro<std::remove_cvref_t<A>>) {
            close_if_refused(awaitable, [] { get_running_loop(); });
        }
        return task_for(get_running_loop(), std::forward<A>(awaitable), where);
    }
}

/// A task or future as it is; a task that awaits it, for any other awaitable: a coroutine begins in the next iteration. Throws RuntimeError
/// when a task is needed and no loop runs (`asyncio.ensure_future`).
template <class A>
HOCKET_INLINE auto ensure_future(A&& awaitable) {
    if constexpr (check_awaitable<A>()) return future_for(std::forward<A>(awaitable), here());
}
/// The same in `loop`, which need not run. Throws ValueError for a task or future of another loop.
template <class A>
HOCKET_INLINE auto ensure_future(A&& awaitable, EventLoop& loop) {
    if constexpr (!check_awaitable<A>()) {
        return;
    } else if constexpr (FutureLike<A>) {
        if (&awaitable.get_loop() != &loop)
            throw ValueError("the future belongs to a different loop than the one given to ensure_future");
        return FutureOf<A>(std::forward<A>(awaitable));
    } else {
        if constexpr (is_coro<std::remove_cvref_t<A>>) {
            close_if_refused(awaitable, [&loop] { loop.check_usable("ensure_future"); });
        } else {
            loop.check_usable("ensure_future");
        }
        return task_for(loop, std::forward<A>(awaitable), here());
    }
}

}  // namespace hocket
