// SPDX-License-Identifier: MIT
// What may stand behind co_await, and what every coroutine's promise has.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/here.h>
#include <hocket/base/memory.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/task_base.h>

#include <coroutine>
#include <type_traits>
#include <utility>

namespace hocket {

#if HOCKET_TRAMPOLINE
using Transfer = void;
HOCKET_INLINE void transfer(std::coroutine_handle<> to) noexcept { this_loop->next_frame = to; }
HOCKET_INLINE void transfer_to_loop() noexcept {}
#else
using Transfer = std::coroutine_handle<>;
HOCKET_INLINE Transfer transfer(std::coroutine_handle<> to) noexcept { return to; }
HOCKET_INLINE Transfer transfer_to_loop() noexcept { return std::noop_coroutine(); }
#endif

template <class A>
concept HasCoAwait = requires(A&& a) { static_cast<A&&>(a).operator co_await(); };

/// What `co_await` asks: hocket's awaiters name themselves by a member type. Others would resume the frame behind the loop's back.
template <class A>
concept Awaiter = requires { typename std::remove_cvref_t<A>::HocketAwaiter; };

template <class A>
struct AwaiterOf_ {
    using type = std::remove_cvref_t<A>;
};
template <HasCoAwait A>
struct AwaiterOf_<A> {
    using type = std::remove_cvref_t<decltype(std::declval<A>().operator co_await())>;
};

/// What `co_await` waits with for an A: the A itself, or what its `operator co_await` gives.
template <class A>
using AwaiterOf = typename AwaiterOf_<A>::type;

/// Everything that asyncio would accept as an awaitable: coroutines, tasks, futures, awaiters, and types with an
/// `operator co_await` that gives one of these.
template <class A>
concept Awaitable = Awaiter<AwaiterOf<A>>;

/// What awaiting an A gives, without reference.
template <class A>
using AwaitResult = std::remove_cvref_t<decltype(std::declval<AwaiterOf<A>&>().await_resume())>;

struct PromiseBase;

/// The frame that awaits, as hocket's awaiters take it: one of hocket's coroutines, which run in tasks alone. A coroutine of another
/// library may be resumed outside of any task; no cancel would reach through its frame, and no walk along the frames.
class AwaitingFrame {
public:
    template <class P>
    HOCKET_INLINE AwaitingFrame(std::coroutine_handle<P> frame) noexcept : frame_(frame) {
        static_assert(!std::is_void_v<P>,
                      "hocket: an awaiter that passes on the frame takes it as hocket::AwaitingFrame");
        static_assert(std::is_void_v<P> || std::is_base_of_v<PromiseBase, P>,
                      "hocket: this is awaited in a coroutine of hocket's, which returns Coro or AsyncGenerator; from "
                      "elsewhere, create_task starts it");
    }
    HOCKET_INLINE operator std::coroutine_handle<>() const noexcept { return frame_; }

private:
    std::coroutine_handle<> frame_;
};

// GCC copies an awaiter that `await_transform` returns by reference; this stands for it there.
#if defined(__clang__)
template <class A>
using AwaiterProxy = A&;
#else
template <class A>
struct AwaiterProxy {
    A& a;
    explicit AwaiterProxy(A& awaiter) noexcept : a(awaiter) {}
    HOCKET_INLINE bool await_ready() { return a.await_ready(); }
    HOCKET_INLINE decltype(auto) await_suspend(AwaitingFrame h) { return a.await_suspend(h); }
    HOCKET_INLINE decltype(auto) await_resume() { return a.await_resume(); }
};
#endif

/// The part of a promise that nesting needs, the same for all coroutines, so that a chain of frames can be walked.
struct PromiseBase : PooledFrame {
    std::coroutine_handle<> parent;  // the frame that awaits this one; null until then, and for a task's root
    const void* pc;                  // where this frame awaits; at first, in its function

    template <class A>
    HOCKET_CORO_WRAPPER HOCKET_INLINE decltype(auto) await_transform(A&& a) {
        static_assert(
            Awaitable<A>,
            "hocket: this cannot be awaited here: it is no coroutine, task, future or other awaitable of hocket's; "
            "one of another library is awaited by hocket::adapt(x)");
        pc = here();
        if constexpr (!Awaitable<A>) {
            return std::suspend_never();  // the one error is enough
        } else if constexpr (HasCoAwait<A>) {
            return static_cast<A&&>(a).operator co_await();
        } else {
            static_assert(!std::is_lvalue_reference_v<A> || std::remove_cvref_t<A>::awaited_often,
                          "hocket: a coroutine is awaited once: co_await std::move(coro)");
            return AwaiterProxy<std::remove_reference_t<A>>(a);
        }
    }

    // From here the awaiting frame, or the task, takes the exception before any other code runs: one place serves all frames.
    void unhandled_exception() noexcept { this_loop->raised = std::current_exception(); }
};

/// What is found by the address of a frame alone, and what stands in pooled memory, is aligned as the system's memory is.
inline constexpr std::size_t largest_alignment = 16;

inline PromiseBase& promise_of(std::coroutine_handle<> frame) noexcept {
    return std::coroutine_handle<PromiseBase>::from_address(frame.address()).promise();
}

[[noreturn]] HOCKET_EXPORT void throw_cancelled(TaskBase& t);

/// After a wait: throws if it ended by a cancel. Inlined down to the throw, since each function between the throw and the coroutine costs
/// the unwinder 120 ns.
HOCKET_INLINE void resume_point(TaskBase& t) {
    if (t.flags & f_throw) [[unlikely]] {
        if (t.flags & f_message) throw_cancelled(t);
        t.flags &= static_cast<std::uint16_t>(~f_throw);
        throw CancelledError();
    }
}
HOCKET_INLINE void resume_point() { resume_point(*this_loop->current); }

}  // namespace hocket
