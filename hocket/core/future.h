// SPDX-License-Identifier: MIT
// Futures: results that are set later, by whoever knows them.
#pragma once

#include <hocket/base/copyable.h>
#include <hocket/base/owners.h>
#include <hocket/core/awaitable.h>
#include <hocket/core/task_base.h>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket {

/// What is left of a result that can only be moved: InvalidStateError.
HOCKET_EXPORT std::exception_ptr moved_out();

/// What a future or task of T holds beside its base; `take` and `get` throw the outcome when it is no result.
template <class Base, class T>
struct State : Base {
    static_assert(alignof(T) <= largest_alignment,
                  "hocket: a future's result is aligned to 16 bytes at most: let it be a pointer");
    using Base::Base;
    std::optional<T> value;

    const T& get() const {
        this->check();
        return *value;
    }
    /// Moves the value out for the last holder, who has `mine` references, else copies it. Where it cannot be copied, the first gets it, and
    /// the others InvalidStateError.
    T take_or_copy(std::uint32_t mine = 1) {
        this->check();
        if (this->refs > mine) {
            if constexpr (is_copyable<T>) {
                return *value;
            } else {
                this->error = moved_out();
            }
        }
        return std::move(*value);
    }
};
template <class Base, class T>
struct State<Base, T&> : Base {
    using Base::Base;
    T* value = nullptr;

    T& get() const {
        this->check();
        return *value;
    }
    T& take_or_copy(std::uint32_t = 1) const { return get(); }
};
template <class Base>
struct State<Base, void> : Base {
    using Base::Base;
    void get() const { this->check(); }
    void take_or_copy(std::uint32_t = 1) const { this->check(); }
};

template <class T>
struct FutureState : State<FutureBase, T> {
    using State<FutureBase, T>::State;
};

/// What awaiting a handle does: nothing when it is done, else the task stands in its list of waiters.
class HOCKET_EXPORT FutureAwaiterBase {
public:
    static constexpr bool awaited_often = true;

    explicit FutureAwaiterBase(FutureBase* state) noexcept : state_(state) {}
    FutureAwaiterBase(const FutureAwaiterBase&) = delete;
    FutureAwaiterBase& operator=(const FutureAwaiterBase&) = delete;
    HOCKET_INLINE ~FutureAwaiterBase() {
        if (held_) state_->drop();
    }

    HOCKET_INLINE bool await_ready() const {
        if (!state_) [[unlikely]]
            throw_empty();
        if (state_->done()) return true;
        const TaskBase& t = *this_loop->current;
        if (state_ == &t || state_->loop_id != t.loop_id) [[unlikely]]
            state_->check_awaitable(t);
        return false;
    }
    HOCKET_INLINE void await_suspend(AwaitingFrame h) noexcept {
        TaskBase& t = *this_loop->current;
        t.wait_on(*state_, h);
        state_->waiters.push_back(t);
        state_->share();  // the handle may go while the task waits
        held_ = true;
        t.deliver_pending_cancel();
    }

protected:
    [[noreturn]] static void throw_empty();
    FutureBase* state_;
    bool held_ = false;
};

template <class S, bool move>
class [[nodiscard]] FutureAwaiter : public FutureAwaiterBase {
public:
    using HocketAwaiter = FutureAwaiter;
    using FutureAwaiterBase::FutureAwaiterBase;

    HOCKET_INLINE decltype(auto) await_resume() {
        if (held_) resume_point();
        if constexpr (std::is_same_v<S, FutureBase>) {  // of whatever type
            state_->check();
        } else if constexpr (move) {
            return static_cast<S*>(state_)->take_or_copy(1U + held_);
        } else {
            return static_cast<const S*>(state_)->get();
        }
    }
};

/// What handles of futures and tasks share. Copies stand for the same object; an empty handle may only be assigned to, tested and
/// destroyed: all else throws RuntimeError. Not thread-safe; in debug mode, what changes the object throws RuntimeError on a wrong thread.
class HOCKET_EXPORT FutureHandle {
public:
    FutureHandle() noexcept = default;
    FutureHandle(const FutureHandle& other) noexcept : state_(other.state_) {
        if (state_) state_->share();
    }
    FutureHandle(FutureHandle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    FutureHandle& operator=(FutureHandle other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    HOCKET_INLINE ~FutureHandle() {
        if (state_) state_->drop();
    }
    explicit operator bool() const noexcept { return state_; }
    friend bool operator==(const FutureHandle& a, const FutureHandle& b) noexcept { return a.state_ == b.state_; }

    bool done() const { return object().done(); }
    /// Whether it ended by a cancel.
    bool cancelled() const { return object().cancelled(); }
    /// Asks it to end with CancelledError, whose `message()` is the one given. False when it is done already, and then an exception of
    /// its counts as looked at. A task goes on until the error leaves it, and may refuse.
    bool cancel() const { return object("cancel").cancel(); }
    bool cancel(std::string_view message) const {
        return object("cancel").cancel(Shared<const std::string>::make(message));
    }
    /// What it failed with, or null; that counts as having looked. Throws CancelledError if it was cancelled, InvalidStateError
    /// if it is not done.
    std::exception_ptr exception() const { return object().exception(); }
    EventLoop& get_loop() const { return object().loop(); }

    FutureBase* state() const noexcept { return state_; }
    /// What it stands for. Throws RuntimeError when it is empty.
    FutureBase& object() const {
        if (!state_) [[unlikely]]
            throw_empty();
        return *state_;
    }
    /// The same for `call`, which changes it.
    FutureBase& object(const char* call) const {
        FutureBase& f = object();
        f.check_thread(call);
        return f;
    }

    /// Takes over a reference.
    explicit FutureHandle(FutureBase* state) noexcept : state_(state) {}

protected:
    FutureBase* state_ = nullptr;

private:
    [[noreturn]] static void throw_empty();
};

/// A callback that waits for a future's end. It keeps the future alive only from then on: one that nobody can make done goes, with
/// its callbacks, when the last handle does.
struct HOCKET_EXPORT DoneCallbackBase : Waiter, Pooled {
    FutureBase* future;
    ContextSlot context;
    const void* type;  // of the callable: callbacks of one type can be compared
    const void* created_at;

    DoneCallbackBase(FutureBase* f, const Context* given, const void* callable_type, const void* where);
    virtual ~DoneCallbackBase();
    void hold() noexcept;
    virtual void invoke(FutureHandle&& handle) = 0;
    virtual bool equals(const void* callable) const = 0;
    void run() final;
    void discard() noexcept final { delete this; }
};

/// Takes all callbacks that wait for `future` and equal `callable` out; returns how many.
HOCKET_EXPORT std::size_t remove_done_callbacks(FutureBase& future, const void* type, const void* callable);

template <class F>
inline constexpr char type_mark = 0;

/// One that calls `f` with a handle of type H.
template <class H, class F>
struct DoneCallback final : DoneCallbackBase {
    F f;

    DoneCallback(FutureBase* awaited, F&& callable, CallOptions options, const void* where)
        : DoneCallbackBase(awaited, options.context, &type_mark<F>, where), f(std::move(callable)) {}
    void invoke(FutureHandle&& handle) override { f(H(std::move(handle))); }
    bool equals(const void* callable) const override {
        if constexpr (std::equality_comparable<F>) {
            return f == *static_cast<const F*>(callable);
        } else {
            return callable == nullptr;
        }
    }
};

template <class H, class F>
void add_done_callback(FutureBase& future, F f, CallOptions options, const void* where) {
    Unique<DoneCallback<H, F>> callback(new DoneCallback<H, F>(&future, std::move(f), options, where));
    future.add_waiter(*callback);
    callback.release();
}

/// The typed part of Future<T> and Task<T>.
template <class Derived, class S, class T>
class TypedHandle : public FutureHandle {
public:
    using value_type = T;

    TypedHandle() noexcept = default;
    TypedHandle(const TypedHandle&) noexcept = default;
    TypedHandle(TypedHandle&&) noexcept = default;
    TypedHandle& operator=(const TypedHandle&) noexcept = default;
    TypedHandle& operator=(TypedHandle&&) noexcept = default;
    HOCKET_INLINE ~TypedHandle() {  // FutureHandle's, with what is common inlined
        FutureBase* dropped = std::exchange(state_, nullptr);
        if (!dropped || --dropped->refs > 0) return;
        if (dropped->flags & f_unretrieved) [[unlikely]] {
            dropped->dispose();
        } else {
            delete static_cast<S*>(dropped);
        }
    }

    /// The result; throws what it ended with instead, InvalidStateError if it is not done.
    decltype(auto) result() const HOCKET_LIFETIMEBOUND { return static_cast<const S&>(object()).get(); }

    /// Runs `f(handle)` once it is done: in the next iteration, never inside this call; in a copy of the current context, or in the one given.
    template <class F>
    HOCKET_INLINE void add_done_callback(F f, CallOptions options = {}) const {
        hocket::add_done_callback<Derived>(object("add_done_callback"), std::move(f), options, here());
    }
    /// Removes every callback that equals `f` and has not been called for; returns how many. For callables that can be compared,
    /// such as pointers to functions. The `==` of your type may use the future; once that makes it done, nothing more is removed.
    template <std::equality_comparable F>
    std::size_t remove_done_callback(F f) const {
        return remove_done_callbacks(object("remove_done_callback"), &type_mark<F>, &f);
    }

    /// Waits until it is done. Does not suspend when it is. Throws what it ended with; a cancel of the waiting task cancels it.
    /// `co_await handle` gives a reference to the result; `co_await std::move(handle)` the result itself: moved out where this is the last
    /// handle, else copied, and where it cannot be copied, moved out: then the others get InvalidStateError.
    auto operator co_await() const& noexcept HOCKET_LIFETIMEBOUND { return FutureAwaiter<S, false>(state_); }
    auto operator co_await() && noexcept { return FutureAwaiter<S, true>(state_); }

protected:
    explicit TypedHandle(FutureBase* state) noexcept : FutureHandle(state) {}
    explicit TypedHandle(FutureHandle&& handle) noexcept : FutureHandle(std::move(handle)) {}
};

/// A result that somebody sets later (`asyncio.Future`). Copies stand for the same future. Belongs to one loop; not thread-safe.
template <class T = void>
class Future : public TypedHandle<Future<T>, FutureState<T>, T> {
    using Base = TypedHandle<Future<T>, FutureState<T>, T>;

public:
    /// A pending future of the running loop; throws RuntimeError when none runs.
    Future() : Future(get_running_loop()) {}
    explicit Future(EventLoop& loop) : Base(new FutureState<T>(loop)) {}
    /// No future.
    Future(std::nullptr_t) noexcept : Base(nullptr) {}
    /// Of a handle that stands for a future of T. A task is none: it sets its result itself.
    template <std::same_as<FutureHandle> H>
    explicit Future(H&& handle) noexcept : Base(std::forward<H>(handle)) {}

    /// Sets the result, made from the arguments; whatever waits becomes ready. Throws InvalidStateError if it is done.
    template <class... U>
    void set_result(U&&... arguments) const {
        auto* state = static_cast<FutureState<T>*>(&this->object("set_result"));
        state->require_pending();
        if constexpr (std::is_reference_v<T>) {
            static_assert(sizeof...(U) == 1 && (std::is_convertible_v<U&&, T> && ...),
                          "hocket: a future of a reference is given the object that it refers to");
            ((state->value = __builtin_addressof(arguments)), ...);
        } else if constexpr (!std::is_void_v<T>) {
            static_assert(std::is_constructible_v<T, U...>,
                          "hocket: the future's result cannot be made from these arguments");
            state->value.emplace(std::forward<U>(arguments)...);
        } else {
            static_assert(sizeof...(U) == 0, "hocket: a Future<void> has no result to set");
        }
        state->finish();
    }
    /// Ends it with an exception. Throws InvalidStateError if it is done, ValueError for a null pointer.
    void set_exception(std::exception_ptr error) const {
        if (!error) throw ValueError("set_exception: there is no exception");
        FutureBase& state = this->object("set_exception");
        state.require_pending();
        state.fail(std::move(error));
    }
    template <class E>
        requires(!std::same_as<std::remove_cvref_t<E>, std::exception_ptr>)
    void set_exception(E&& error) const {
        set_exception(std::make_exception_ptr(std::forward<E>(error)));
    }
};

/// A hash of the object that a handle stands for: handles may be keys of unordered containers.
inline std::size_t hash_of(const FutureHandle& handle) noexcept {
    return reinterpret_cast<std::uintptr_t>(handle.state()) >> 4;
}

template <class T>
Future<T> EventLoop::create_future() {
    return Future<T>(*this);
}

}  // namespace hocket

template <class T>
struct std::hash<hocket::Future<T>> {
    std::size_t operator()(const hocket::Future<T>& future) const noexcept { return hocket::hash_of(future); }
};
