// SPDX-License-Identifier: MIT
// Callbacks of the loop, and the handles by which they are cancelled.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/coroutine_function.h>
#include <hocket/base/function.h>
#include <hocket/core/context.h>
#include <hocket/core/timer_heap.h>

#include <optional>
#include <type_traits>
#include <utility>

namespace hocket {

/// How a callback, or a runner's coroutine, is run: `call_soon(f, {.context = &context})`.
struct CallOptions {
    const Context* context = nullptr;  ///< in this one; null: in a copy of the current one
};

/// Calls `invoke(callback)` in `context`. The exception handler learns what it throws, with `failure` as the message.
HOCKET_EXPORT void run_callback(Node& callback, ContextSlot& context, void (*invoke)(Node&),
                                const char* failure) noexcept;

/// A callback with the context that it was registered in.
struct HOCKET_EXPORT CallbackBase : Timer, Pooled {
    ContextSlot context;
    TimePoint when{};  // of a timer
    const void* created_at;

    CallbackBase(ContextSlot c, const void* where) noexcept : context(std::move(c)), created_at(where) {
        refs = 1;  // the loop's
    }
    virtual ~CallbackBase() = default;
    virtual void invoke() = 0;
    virtual void clear() noexcept = 0;  // frees what the callable holds

    void run() final;  // the loop's reference ends here
    // It will never run. What it holds goes at once: that may be a handle of this very callback.
    void discard() noexcept final {
        flags |= f_done;
        clear();
        context = ContextSlot();
        drop();
    }
    void cancel();
    void drop() noexcept {
        if (--refs == 0) delete this;
    }
};

template <class F>
struct Callback final : CallbackBase {
    static_assert(std::is_invocable_v<F&>, "hocket: a callback can be called without arguments: [=] { f(x); }");
    static_assert(!CoroutineFunction<F>, "hocket: a callback is no coroutine function, which create_task runs");
    std::optional<F> f;

    Callback(ContextSlot c, F&& callable, const void* where)
        : CallbackBase(std::move(c), where), f(std::move(callable)) {}
    void invoke() override {
        F callable = std::move(*f);
        f.reset();
        callable();
    }
    void clear() noexcept override { f.reset(); }
};

/// What `call_soon`, `call_later` and `call_at` return (`asyncio.Handle`, `TimerHandle`). Copies stand for the same callback, which runs
/// whether or not a handle is kept.
class HOCKET_EXPORT Handle {
public:
    Handle() noexcept = default;
    explicit Handle(CallbackBase& c) noexcept : callback_(&c) { ++c.refs; }
    Handle(const Handle& other) noexcept : callback_(other.callback_) {
        if (callback_) ++callback_->refs;
    }
    Handle(Handle&& other) noexcept : callback_(std::exchange(other.callback_, nullptr)) {}
    Handle& operator=(Handle other) noexcept {
        std::swap(callback_, other.callback_);
        return *this;
    }
    ~Handle() {
        if (callback_) callback_->drop();
    }

    /// The callback will not run. Harmless when it has run or was cancelled. In debug mode, throws RuntimeError on a wrong thread.
    void cancel() {
        if (callback_) callback_->cancel();
    }
    bool cancelled() const noexcept { return callback_ && (callback_->flags & f_cancelled); }
    /// The time that `call_later` or `call_at` set.
    TimePoint when() const noexcept { return callback_ ? callback_->when : TimePoint(); }
    explicit operator bool() const noexcept { return callback_; }

private:
    CallbackBase* callback_ = nullptr;
};

}  // namespace hocket
