// SPDX-License-Identifier: MIT
// A stack of clean-ups whose number is known only at run time.
#pragma once

#include <hocket/base/memory.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/flow/block.h>
#include <hocket/flow/with.h>

#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hocket {

/// Clean-ups that run in reverse order at the end of a block (`contextlib.AsyncExitStack`).
///
///     co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<> {
///         for (const Address& a : addresses) connections.push_back(co_await stack.enter_async_context(Connection(a)));
///         ...
///     });
///
/// Each clean-up sees the exception that is on its way, if any, may swallow it, and may throw another, which is then the one on its way. All of
/// them run. A stack that is destroyed with clean-ups left does not run them and reports it. Not thread-safe.
class HOCKET_EXPORT AsyncExitStack {
public:
    AsyncExitStack() noexcept = default;
    AsyncExitStack(AsyncExitStack&& other) noexcept : top_(std::exchange(other.top_, nullptr)) {}
    AsyncExitStack& operator=(AsyncExitStack other) noexcept {
        std::swap(top_, other.top_);
        return *this;
    }
    ~AsyncExitStack() {
        if (top_) drop_all();
    }

    /// Enters `resource` and gives what its `aenter` gave; its `aexit` becomes the topmost clean-up. A temporary is moved into the stack; an object
    /// that has a name is used where it is.
    template <class R>
    HOCKET_CORO_WRAPPER auto enter_async_context(R&& resource) {
        static_assert(AsyncContextManager<R>,
                      "hocket: enter_async_context needs a resource that has `Coro<X> aenter()` and `Coro<> "
                      "aexit(std::exception_ptr)`");
        if constexpr (AsyncContextManager<R>) return enter(Unique<Resource<R>>::make(std::forward<R>(resource)));
    }
    /// Adds the `aexit` of a resource that was entered already, or a function of the same kind: of a std::exception_ptr, giving
    /// Coro<>, or Coro<bool> with true to swallow the exception.
    template <class E>
    void push_async_exit(E&& exit) {
        if constexpr (requires(E& resource) {
                          { resource.aexit(nullptr) } -> Awaitable;
                      }) {
            push(Unique<Resource<E>>::make(std::forward<E>(exit)));
        } else {
            using F = std::decay_t<E>;
            static_assert(CoroutineFunction<F, std::exception_ptr>,
                          "hocket: push_async_exit takes a resource, or a function of an exception_ptr that returns "
                          "Coro<> or Coro<bool>");
            push(Unique<ExitFunction<F>>::make(std::forward<E>(exit)));
        }
    }
    /// Adds `co_await f(args...)`. It keeps copies of both; cannot swallow.
    template <class F, class... Args>
        requires CoroutineFunction<std::decay_t<F>, std::decay_t<Args>...>
    void push_async_callback(F&& f, Args&&... args) {
        push(Unique<Call<std::decay_t<F>, std::decay_t<Args>...>>::make(std::forward<F>(f),
                                                                        std::forward<Args>(args)...));
    }
    /// Adds the plain call `f(args...)`. It keeps copies of both; cannot swallow.
    template <class F, class... Args>
        requires requires(std::decay_t<F>& function, std::decay_t<Args>&&... a) { function(std::move(a)...); }
    void callback(F&& f, Args&&... args) {
        static_assert(!CoroutineFunction<std::decay_t<F>, std::decay_t<Args>...>,
                      "hocket: this callback is a coroutine function: push_async_callback takes it");
        push(Unique<Call<std::decay_t<F>, std::decay_t<Args>...>>::make(std::forward<F>(f),
                                                                        std::forward<Args>(args)...));
    }

    /// Moves every clean-up into a new stack: none of them runs at the end of this one's block.
    [[nodiscard]] AsyncExitStack pop_all() noexcept { return std::move(*this); }
    /// Runs the clean-ups now. Throws what the last of them that threw did, unless a later one swallowed that.
    Coro<> aclose();

    // For `with`.
    Coro<AsyncExitStack&> aenter();
    Coro<bool> aexit(std::exception_ptr error);

private:
    struct HOCKET_EXPORT Exit : Pooled {
        Unique<Exit> below;
        Exit() noexcept = default;
        Exit(const Exit&) = delete;
        Exit& operator=(const Exit&) = delete;
        virtual ~Exit();
        virtual Coro<bool> run(std::exception_ptr error) = 0;
    };
    template <class R>
    struct Resource final : Exit {
        R resource;
        explicit Resource(R&& r) : resource(std::forward<R>(r)) {}
        Coro<bool> run(std::exception_ptr error) override {
            if constexpr (may_swallow<R>) {
                co_return co_await resource.aexit(std::move(error));
            } else {
                co_await resource.aexit(std::move(error));
                co_return false;
            }
        }
    };
    template <class F>
    struct ExitFunction final : Exit {
        F f;
        explicit ExitFunction(F function) : f(std::move(function)) {}
        Coro<bool> run(std::exception_ptr error) override {
            if constexpr (std::is_same_v<BlockResult<F, std::exception_ptr>, bool>) {
                co_return co_await f(std::move(error));
            } else {
                co_await f(std::move(error));
                co_return false;
            }
        }
    };
    template <class F, class... Args>
    struct Call final : Exit {
        F f;
        std::tuple<Args...> args;
        explicit Call(F function, Args... a) : f(std::move(function)), args(std::move(a)...) {}
        Coro<bool> run(std::exception_ptr) override {
            if constexpr (CoroutineFunction<F, Args...>) {
                co_await call(std::index_sequence_for<Args...>());
            } else {
                static_cast<void>(call(std::index_sequence_for<Args...>()));
            }
            co_return false;
        }
        template <std::size_t... i>
        HOCKET_CORO_WRAPPER decltype(auto) call(std::index_sequence<i...>) {
            return f(std::get<i>(std::move(args))...);
        }
    };

    template <class R>
    Coro<EnterResult<R>> enter(Unique<Resource<R>> exit) {
        if constexpr (std::is_void_v<EnterResult<R>>) {
            co_await exit->resource.aenter();
            push(std::move(exit));
        } else {
            decltype(auto) entered = co_await exit->resource.aenter();
            push(std::move(exit));
            co_return std::forward<EnterResult<R>>(entered);
        }
    }
    void push(Unique<Exit> exit) noexcept {
        exit->below = std::move(top_);
        top_ = std::move(exit);
    }
    void drop_all() noexcept;

    Unique<Exit> top_;
};

}  // namespace hocket
