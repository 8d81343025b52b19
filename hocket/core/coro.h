// SPDX-License-Identifier: MIT
// Coroutines: lazy, owned by whoever holds them, awaited once.
#pragma once

#include <hocket/base/coroutine_function.h>
#include <hocket/core/awaitable.h>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket {

/// The end of a coroutine that has not ended by itself: one that nothing has awaited is reported, one that is awaited ends the program.
/// `dropped`: an address where that happens.
HOCKET_EXPORT void drop_unfinished(std::coroutine_handle<> frame, const void* dropped) noexcept;
[[noreturn]] HOCKET_EXPORT void throw_not_awaitable(std::coroutine_handle<> h);
[[noreturn]] HOCKET_EXPORT void throw_awaited(const char* what, std::coroutine_handle<> h);
[[noreturn]] HOCKET_EXPORT void throw_awaited_twice(const char* what);

/// Where the result of a coroutine stands between `co_return` and whoever takes it.
template <class T>
struct ResultSlot {
    std::optional<T> value;

    template <class U = T>
        requires std::is_convertible_v<U, T>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
    HOCKET_INLINE T take() { return std::move(*value); }
};
template <class T>
struct ResultSlot<T&> {
    T* value = nullptr;
    void return_value(T& result) noexcept { value = __builtin_addressof(result); }
    HOCKET_INLINE T& take() noexcept { return *value; }
};
template <>
struct ResultSlot<void> {
    void return_void() noexcept {}
    HOCKET_INLINE void take() noexcept {}
};

/// Hands over to the awaiting frame or, at the end of a task's root, to the loop.
struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class P>
    Transfer await_suspend(std::coroutine_handle<P> h) noexcept {
        if (auto parent = h.promise().parent) [[likely]]
            return transfer(parent);
        TaskBase& t = *this_loop->current;
        t.frame = h;
        t.raise_flag(f_returned);
        return transfer_to_loop();
    }
    void await_resume() noexcept {}
};

/// What a coroutine function returns (`async def`). Nothing of its body runs until it is awaited, made a task or given to `run`.
///
/// `co_await std::move(coro)` (or `co_await f()`) runs it inside the current task and gives what it returned, or throws what it threw. It
/// suspends only if the body does; a cancel of the task reaches the innermost await. Awaiting a second time throws RuntimeError, and so
/// does moving or closing one that is being awaited; destroying that ends the program with a report. One that is dropped without having
/// been awaited is reported, with function, file and line. Belongs to the thread that made it.
template <class T = void>
class [[nodiscard("a coroutine does nothing until it is awaited or made a task")]] HOCKET_CORO_RETURN_TYPE Coro {
public:
    struct promise_type : PromiseBase, ResultSlot<T> {
        HOCKET_INLINE Coro get_return_object() noexcept {
            static_assert(alignof(promise_type) <= largest_alignment,
                          "hocket: what a coroutine returns is aligned to 16 bytes at most: return a pointer to it");
            this->pc = here();
            return Coro(Frame::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        FinalAwaiter final_suspend() noexcept { return {}; }
    };
    using Frame = std::coroutine_handle<promise_type>;
    using value_type = T;
    using HocketAwaiter = Coro;  // it is its own awaiter: no second object in the awaiting frame
    static constexpr bool awaited_often = false;

    Coro(Coro&& other) noexcept(false) : frame_(std::exchange(other.unawaited("move"), {})) {}
    Coro& operator=(Coro&& other) noexcept(false) {
        std::swap(unawaited("move"), other.unawaited("move"));
        return *this;
    }
    HOCKET_INLINE ~Coro() {
        if (!frame_) return;
        if (!frame_.done()) [[unlikely]] {
            drop_unfinished(frame_, here());
        } else {
            frame_.destroy();
        }
    }

    /// Drops the coroutine on purpose, without a report.
    void close() {
        if (unawaited("close")) std::exchange(frame_, {}).destroy();
    }
    /// Whether there is something to await or close.
    explicit operator bool() const noexcept { return static_cast<bool>(frame_); }

    // For co_await and create_task.
    HOCKET_INLINE bool await_ready() const {
        if (!frame_ || frame_.promise().parent) [[unlikely]]
            throw_not_awaitable(frame_);
        return false;
    }
    HOCKET_INLINE Transfer await_suspend(AwaitingFrame parent) noexcept {
        frame_.promise().parent = parent;
        return transfer(frame_);
    }
    HOCKET_INLINE T await_resume() {
        if (this_loop->raised) [[unlikely]]
            std::rethrow_exception(std::exchange(this_loop->raised, {}));
        return frame_.promise().take();
    }
    Frame release() {
        if (!frame_ || frame_.promise().parent) [[unlikely]]
            throw_not_awaitable(frame_);
        return std::exchange(frame_, {});
    }

private:
    explicit Coro(Frame frame) noexcept : frame_(frame) {}

    // Who awaits it goes on with this object.
    Frame& unawaited(const char* what) {
        if (frame_ && frame_.promise().parent && !frame_.done()) [[unlikely]]
            throw_awaited(what, frame_);
        return frame_;
    }

    Frame frame_;
};

template <class T>
inline constexpr bool is_coro<Coro<T>> = true;

}  // namespace hocket
