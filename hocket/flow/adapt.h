// SPDX-License-Identifier: MIT
// The door for awaitables of other libraries.
#pragma once

#include <hocket/base/memory.h>
#include <hocket/base/owners.h>
#include <hocket/core/awaitable.h>
#include <hocket/core/coro.h>

#include <atomic>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket {

/// What the coroutine that awaits the foreign object shares with the task that waits for it. The two may be on different threads; the last
/// that is done with it frees it.
class HOCKET_EXPORT ForeignRelayBase : Node {
public:
    std::exception_ptr error;

    explicit ForeignRelayBase(std::coroutine_handle<> frame) noexcept : frame_(frame) {}
    ForeignRelayBase(const ForeignRelayBase&) = delete;
    ForeignRelayBase& operator=(const ForeignRelayBase&) = delete;

    // For the waiting task.

    /// Runs the coroutine up to where the foreign object suspends it. True: it has finished already.
    bool start(TaskBase& t);
    /// False: it has finished meanwhile, and `t` goes on.
    bool wait(TaskBase& t, std::coroutine_handle<> h) noexcept;
    void leave() noexcept;

    // For the coroutine, on whatever thread it ends.

    void finished() noexcept;

protected:
    ~ForeignRelayBase() = default;

private:
    enum State : unsigned char { runs, awaited, done };

    void drop() noexcept;
    void run() override;
    void discard() noexcept override { drop(); }
    void describe(AwaitDescription& to) const override;

    std::coroutine_handle<> frame_;
    TaskBase* task_ = nullptr;  // the loop's thread only; null when the task is gone
    Shared<struct Mailbox> mailbox_;
    std::atomic<int> users_ = 1;
    std::atomic<State> state_ = runs;
};

/// The coroutine that awaits the foreign object, in the way of the language, without hocket's rules.
template <class T>
struct ForeignRelay {
    struct promise_type final : ForeignRelayBase, ResultSlot<T>, PooledFrame {
        struct Final {
            bool await_ready() noexcept { return false; }
            void await_suspend(std::coroutine_handle<promise_type> h) noexcept { h.promise().finished(); }
            void await_resume() noexcept {}
        };

        promise_type() noexcept : ForeignRelayBase(std::coroutine_handle<promise_type>::from_promise(*this)) {}
        ForeignRelay get_return_object() noexcept { return {this}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        Final final_suspend() noexcept { return {}; }
        void unhandled_exception() noexcept { error = std::current_exception(); }
    };
    promise_type* promise;
};

template <class A>
decltype(auto) foreign_awaiter(A&& awaitable) {
    if constexpr (HasCoAwait<A>) {
        return static_cast<A&&>(awaitable).operator co_await();
    } else if constexpr (requires { operator co_await(static_cast<A&&>(awaitable)); }) {
        return operator co_await(static_cast<A&&>(awaitable));
    } else {
        return static_cast<A&&>(awaitable);
    }
}

/// What C++ itself takes behind `co_await`, in a coroutine that forbids nothing.
template <class A>
concept ForeignAwaitable = requires(A&& a) {
    static_cast<bool>(foreign_awaiter(static_cast<A&&>(a)).await_ready());
    foreign_awaiter(static_cast<A&&>(a)).await_resume();
};

template <class A, class T>
ForeignRelay<T> await_foreign(A awaitable) {
    co_return co_await static_cast<A&&>(awaitable);
}

/// What `adapt` returns.
template <class T>
class [[nodiscard]] Adapted {
public:
    using HocketAwaiter = Adapted;
    static constexpr bool awaited_often = false;

    explicit Adapted(ForeignRelay<T> relay) noexcept : relay_(relay.promise) {}
    Adapted(Adapted&& other) noexcept : relay_(std::exchange(other.relay_, nullptr)) {}
    Adapted& operator=(Adapted&&) = delete;
    ~Adapted() {
        if (relay_) relay_->leave();
    }

    bool await_ready() {
        TaskBase& t = *this_loop->current;
        if (t.flags & f_must_cancel) [[unlikely]]
            return false;  // cancelled before it begins: it never does
        started_ = true;
        return relay_->start(t);
    }
    bool await_suspend(AwaitingFrame h) {
        TaskBase& t = *this_loop->current;
        if (!started_) [[unlikely]] {
            t.frame = h;
            t.flags &= static_cast<std::uint16_t>(~f_must_cancel);
            t.interrupt();
            return true;
        }
        if (!this_loop->backend().real_time()) outside_work_.emplace(*this_loop);
        return relay_->wait(t, h);
    }
    T await_resume() {
        TaskBase& t = *this_loop->current;
        outside_work_.reset();
        if (!started_) [[unlikely]]
            resume_point(t);
        // A cancel that came meanwhile: what the other library did stands, and the next wait throws.
        if (t.flags & f_throw) [[unlikely]]
            t.postpone_cancel();
        if (relay_->error) std::rethrow_exception(std::exchange(relay_->error, {}));
        return relay_->take();
    }

private:
    typename ForeignRelay<T>::promise_type* relay_;
    bool started_ = false;
    std::optional<OutsideWork> outside_work_;  // in virtual time, the loop waits for the other library too
};

/// `co_await adapt(x)` awaits an awaitable of another library (anything with await_ready, await_suspend and await_resume, or an operator
/// co_await) and gives its result, or throws its exception. The library may resume it on any thread; the task goes on in the loop, always.
///
/// A cancel cannot reach the other library: the task waits on until that is done, gets its outcome, result or exception, and the task's
/// next wait throws CancelledError. A task that is cancelled before it comes here does not begin. A temporary is moved into the
/// wait; an object that has a name is used where it is. The awaitable's await_resume runs where the library resumes it.
template <class A>
auto adapt(A&& awaitable) {
    static_assert(!Awaitable<A>, "hocket: adapt is for other libraries' awaitables; this one is awaited directly");
    static_assert(ForeignAwaitable<A>,
                  "hocket: adapt takes what has await_ready, await_suspend and await_resume, or an operator co_await");
    using T = decltype(foreign_awaiter(std::declval<A>()).await_resume());
    using Result = std::conditional_t<std::is_rvalue_reference_v<T>, std::remove_reference_t<T>, std::remove_cv_t<T>>;
    return Adapted<Result>(await_foreign<A, Result>(std::forward<A>(awaitable)));
}

}  // namespace hocket
