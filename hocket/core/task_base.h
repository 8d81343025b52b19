// SPDX-License-Identifier: MIT
// The parts of futures and tasks that do not depend on the type of their result.
#pragma once

#include <hocket/base/memory.h>
#include <hocket/base/owners.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/node.h>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace hocket {

/// The part of `check_thread` for a thread where the loop with this id does not run.
HOCKET_EXPORT void check_other_thread(std::uint8_t loop_id, const char* call);

/// How a task is made: `create_task(coro, {.name = "reader"})`, `create_task(TaskOptions{.name = "reader"}, function, arguments...)`.
struct TaskOptions {
    std::string_view name = {};        ///< empty: `Task-N`
    const Context* context = nullptr;  ///< run in this one; null: in a copy of the current one
    bool eager_start = false;          ///< run up to the first wait now, inside `create_task`
};

/// A future: a list of what waits for it until it is done, its outcome from then on.
struct HOCKET_EXPORT FutureBase : Waiter, Pooled {
    union {
        WaitList waiters;          // until it is done
        std::exception_ptr error;  // from then on
    };

    explicit FutureBase(EventLoop& loop) noexcept : waiters() {
        refs = 1;
        loop_id = loop.id();
    }
    virtual ~FutureBase() {
        if (flags & f_message) [[unlikely]]
            forget_message();
        if (flags & f_done) {
            error.~exception_ptr();
        } else if (flags & f_callbacks) {
            discard_all(waiters);
        }
    }

    bool done() const noexcept { return flags & f_done; }
    bool cancelled() const noexcept { return flags & f_cancelled; }
    bool failed() const noexcept { return cancelled() || (done() && error); }

    virtual bool cancel(Shared<const std::string> message = nullptr) noexcept;
    bool cancel_wait(TaskBase& task) noexcept override;
    void describe(AwaitDescription& to) const override;
    void run() override {}

    /// Makes it done and whatever waits for it ready.
    void finish(std::uint16_t how = 0) noexcept;
    void fail(std::exception_ptr e) noexcept;
    void require_pending() const;
    /// Before `call` changes it: in debug mode, throws RuntimeError when its loop runs on another thread.
    void check_thread(const char* call) const {
        if (!this_loop || this_loop->id() != loop_id) [[unlikely]]
            check_other_thread(loop_id, call);
    }
    /// Throws what it ended with, unless that is a result.
    void check() const {
        if ((flags & (f_done | f_cancelled | f_unretrieved)) != f_done || error) [[unlikely]]
            throw_outcome();
    }
    std::exception_ptr exception() const;
    /// The outcome counts as looked at: nobody need be told.
    void mark_retrieved() const noexcept {
        const_cast<FutureBase*>(this)->flags &= static_cast<std::uint16_t>(~f_unretrieved);
    }

    /// Throws RuntimeError when `t` may not wait for this: it is `t` itself, or of another loop.
    void check_awaitable(const TaskBase& t) const;
    /// `w` runs when this is done. Throws RuntimeError when that is so already, and the loop closed.
    void add_waiter(Waiter& w);
    /// Makes waiters of this, which is done, ready; there is at least one. Callbacks may be among them, and the loop may be gone.
    void wake_slowly(WaitList& list) noexcept;

    void share() noexcept { ++refs; }
    void drop() noexcept {
        if (--refs == 0) dispose();
    }
    /// The last handle is gone: an exception that nobody looked at is reported.
    void dispose() noexcept;
    /// The loop that it belongs to. Throws RuntimeError when that is gone.
    EventLoop& loop() const {
        EventLoop* loop = this_loop;
        return loop && loop->id() == loop_id ? *loop : loop_elsewhere();
    }

private:
    EventLoop& loop_elsewhere() const;
    static void discard_all(WaitList& list) noexcept;
    void forget_message() noexcept;
    [[noreturn]] void throw_outcome() const;
};

/// A task: a coroutine that the loop owns.
struct HOCKET_EXPORT TaskBase : FutureBase {
    std::coroutine_handle<> frame;  // the innermost suspended one; the root when not started, or at its end
    Leaf* waiting = nullptr;        // null: it is ready, or runs
    TaskBase *newer = nullptr, *older = nullptr;  // in the loop's list of tasks
    ContextSlot context;
    std::uintptr_t label;  // name: odd, twice a number and 1; even, a pooled string
    const void* created_at;

    TaskBase(EventLoop& loop, std::coroutine_handle<> root, const TaskOptions& options, const void* where);
    ~TaskBase() override {
        if (!(label & 1)) [[unlikely]]
            free_label();
    }

    bool cancel(Shared<const std::string> message = nullptr) noexcept override;
    void describe(AwaitDescription& to) const override;
    unsigned cancelling() const noexcept { return cancels; }
    unsigned uncancel() noexcept {
        if (cancels > 0 && --cancels == 0) flags &= static_cast<std::uint16_t>(~f_must_cancel);
        return cancels;
    }
    std::string name() const;
    void set_name(std::string_view name);

    // For leaves.

    /// `h`, a frame of this task, which runs, suspends until `leaf` is done. A cancel that is due reaches the leaf at once.
    HOCKET_INLINE void wait_on(Leaf& leaf, std::coroutine_handle<> h) noexcept {
        frame = h;
        waiting = &leaf;
    }
    HOCKET_INLINE void deliver_pending_cancel() noexcept {
        if (flags & f_must_cancel) [[unlikely]]
            cancel_leaf();
    }
    /// The wait is over: the task goes on in the next iteration.
    void wake(std::uint16_t how = 0) noexcept {
        flags |= how;
        waiting = nullptr;
        loop().push(*this);
    }
    /// The wait is over by a cancel.
    void interrupt() noexcept { wake(f_throw); }
    /// The wait is over by a cancel, but what was waited for took effect: the next wait throws, unless `uncancel` has withdrawn the cancel.
    void postpone_cancel() noexcept {
        flags &= static_cast<std::uint16_t>(~f_throw);
        if (cancels > 0) flags |= f_must_cancel;
    }

    // For the loop.

    /// Before a step of a task with f_must_cancel. False: do not resume.
    bool prepare() noexcept;
    /// Takes the result out of the root frame and destroys it: the task is done.
    virtual void harvest() noexcept = 0;
    /// Destroys the frames of a task that will never run again.
    void abandon() noexcept;
    /// The same of the frames that `outer`, one of its frames, waits for. The innermost goes first, since frames refer to what stands in
    /// outer ones; in a loop, since there may be many.
    void destroy_frames_below(std::coroutine_handle<> outer) noexcept;
    std::coroutine_handle<> root() const noexcept;

protected:
    void conclude(std::uint16_t how) noexcept;
    void conclude_raised(std::coroutine_handle<> root) noexcept;

private:
    void cancel_leaf() noexcept;
    void count_cancel(const Shared<const std::string>& message) noexcept;
    void free_label() noexcept;
    void leave_loop() noexcept;
};

}  // namespace hocket
