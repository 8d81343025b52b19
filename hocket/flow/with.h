// SPDX-License-Identifier: MIT
// Resources whose release awaits: entered before a block, left after it, however it ends.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/flow/block.h>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket {

/// What `with` takes (Python's asynchronous context manager):
///
///     Coro<X> aenter();                        // makes it ready; the block gets what this gives
///     Coro<> aexit(std::exception_ptr error);  // releases it; `error` is what left the block, or null
///
/// `aexit` may return Coro<bool>: true swallows the error.
template <class R>
concept AsyncContextManager = requires(R& resource, std::exception_ptr error) {
    { resource.aenter() } -> Awaitable;
    { resource.aexit(error) } -> Awaitable;
};

/// What `aenter` gives; it may be a reference or void.
template <class R>
using EnterResult = decltype(std::declval<AwaiterOf<decltype(std::declval<R&>().aenter())>&>().await_resume());

template <class R>
inline constexpr bool may_swallow = std::is_same_v<AwaitResult<decltype(std::declval<R&>().aexit(nullptr))>, bool>;

/// Calls the block with what `aenter` gave or, where the block takes nothing, without.
template <class F, class X>
HOCKET_CORO_WRAPPER auto enter_block(F& body, ResultSlot<X>& entered) {
    if constexpr (std::is_void_v<X>) {
        static_assert(CoroutineFunction<F>,
                      "hocket: aenter gives nothing, so with takes a function of this kind: [&]() -> Coro<T> {...}");
        return body();
    } else if constexpr (CoroutineFunction<F, std::remove_reference_t<X>&>) {
        return body(*entered.value);
    } else {
        static_assert(CoroutineFunction<F>,
                      "hocket: with takes a function of what aenter gives: [&](auto& x) -> Coro<T> {...}");
        return body();
    }
}

template <class R, class F>
using WithBlockResult =
    typename decltype(enter_block(std::declval<F&>(), std::declval<ResultSlot<EnterResult<R>>&>()))::value_type;

template <class Result, class R, class F>
Coro<Result> run_with(R resource, F body) {
    using T = WithBlockResult<R, F>;
    ResultSlot<EnterResult<R>> entered;
    if constexpr (std::is_void_v<EnterResult<R>>) {
        co_await resource.aenter();
    } else {
        entered.return_value(co_await resource.aenter());
    }
    BlockOutcome<T> outcome;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await enter_block(body, entered);
        } else {
            outcome.return_value(co_await enter_block(body, entered));
        }
    } catch (...) {  // handed to `aexit`, then thrown on
        outcome.error = std::current_exception();
    }
    if constexpr (may_swallow<R>) {
        if (co_await resource.aexit(outcome.error) && outcome.error) co_return Result();
    } else {
        co_await resource.aexit(outcome.error);
    }
    if (outcome.error) std::rethrow_exception(outcome.error);
    co_return outcome.take();
}

/// Runs `body(x)`, where x is what `resource.aenter()` gave, then `resource.aexit(error)`, also when the body throws or is cancelled; gives
/// the body's result (`async with resource as x`).
///
///     auto rows = co_await with(Connection(address), [&](auto& connection) -> Coro<Rows> {
///         co_return co_await connection.query("select ...");
///     });
///
/// A temporary is moved into the frame; an object that has a name is used where it is, and must outlive the call. Throws what `aenter`
/// threw (then there is no `aexit`), else what `aexit` threw, else what the body threw. Where `aexit` may swallow that, the result is a
/// `std::optional`, empty if it did. The block may take no argument.
template <class R, class F>
HOCKET_CORO_WRAPPER auto with(R&& resource, F body) {
    static_assert(AsyncContextManager<R>,
                  "hocket: with needs a resource that has `Coro<X> aenter()` and `Coro<> aexit(std::exception_ptr)`");
    if constexpr (AsyncContextManager<R>) {
        using T = WithBlockResult<R, F>;
        if constexpr (may_swallow<R> && !std::is_void_v<T>) {
            static_assert(!std::is_reference_v<T>,
                          "hocket: aexit may swallow exceptions here, so the block cannot return a reference");
            return run_with<std::optional<T>, R, F>(std::forward<R>(resource), std::move(body));
        } else {
            return run_with<T, R, F>(std::forward<R>(resource), std::move(body));
        }
    }
}

/// What `aclosing` takes.
template <class T>
concept HasAclose = requires(T& thing) {
    { thing.aclose() } -> Awaitable;
};

/// What `aclosing` gives.
template <class T>
class [[nodiscard("give it to with")]] Aclosing {
public:
    explicit Aclosing(T&& thing) : thing_(std::forward<T>(thing)) {}
    Coro<std::remove_reference_t<T>&> aenter() { co_return thing_; }
    Coro<> aexit(std::exception_ptr) { co_await thing_.aclose(); }

private:
    T thing_;
};

/// A resource around something that has `aclose()`, such as a generator: the block gets that, and it is closed however the block ends
/// (`contextlib.aclosing`). A temporary is moved into it; an object that has a name is used where it is.
///
///     co_await with(aclosing(readings("attic")), [](auto& attic) -> Coro<> {...});
template <class T>
auto aclosing(T&& thing) {
    static_assert(HasAclose<T>, "hocket: aclosing needs a thing that has an `aclose()` to await");
    return Aclosing<T>(std::forward<T>(thing));
}

/// The block of two resources, with what the first gave.
template <class F, class X>
struct InnermostBlock {
    F& body;
    X& x;

    template <class... Y>
    HOCKET_CORO_WRAPPER auto operator()(Y&... y) {
        return body(x, y...);
    }
};
template <class F>
struct InnermostBlock<F, void> {
    F& body;

    template <class... Y>
    HOCKET_CORO_WRAPPER auto operator()(Y&... y) {
        return body(y...);
    }
};

/// The block of the first of two resources: enters the second.
template <class R, class F>
struct InnerWith {
    R resource;
    F body;

    HOCKET_CORO_WRAPPER auto operator()() { return with(resource, InnermostBlock<F, void>{body}); }
    template <class X>
    HOCKET_CORO_WRAPPER auto operator()(X& x) {
        return with(resource, InnermostBlock<F, X>{body, x});
    }
};

/// The same of two resources, entered in order and left in reverse: `body(a, b)` (`async with first as a, second as b`). For more of them,
/// or for a number known only at run time, there is AsyncExitStack.
template <class R1, class R2, class F>
HOCKET_CORO_WRAPPER auto with(R1&& first, R2&& second, F body) {
    return with(std::forward<R1>(first), InnerWith<R2, F>{std::forward<R2>(second), std::move(body)});
}

}  // namespace hocket
