// SPDX-License-Identifier: MIT
// Task groups: tasks that end together, and whose errors come together.
#pragma once

#include <hocket/core/task.h>
#include <hocket/flow/block.h>

#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

class TaskGroup;

/// The part of a child's block by which its group knows it.
struct HOCKET_EXPORT GroupChild final : Waiter {
    TaskGroup* group = nullptr;  // null: the group is gone
    TaskBase* task = nullptr;    // the block that this is in
    GroupChild *older = nullptr, *newer = nullptr;

    void run() override;
    void discard() noexcept override;
};

template <class T>
struct GroupTask final : TaskState<T> {
    using TaskState<T>::TaskState;
    GroupChild child;
};

/// The tasks of one `task_group` block (`asyncio.TaskGroup`). Lives in that block: a reference that is kept beyond it dangles, where Python
/// has a group that is finished. Belongs to its loop, whose tasks may all add children.
class HOCKET_EXPORT TaskGroup : Leaf {
public:
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Makes a task of the group, as `hocket::create_task` does. Throws RuntimeError when the group is aborting, because something failed
    /// or was cancelled, or when it has ended; the coroutine is closed then.
    template <class T>
    HOCKET_INLINE Task<T> create_task(Coro<T> coro, const TaskOptions& options = {}) {
        return make(std::move(coro), options, here());
    }
    /// The same of `f(args...)`, which the task keeps. `std::ref(group)` is how a child gets at its own group.
    template <class F, class... Args>
        requires CoroutineFunction<std::decay_t<F>, std::decay_t<Args>...>
    HOCKET_INLINE auto create_task(F&& f, Args&&... args) {
        return make(owning(std::decay_t<F>(std::forward<F>(f)), std::decay_t<Args>(std::forward<Args>(args))...),
                    TaskOptions{}, here());
    }
    template <class F, class... Args>
        requires CoroutineFunction<std::decay_t<F>, std::decay_t<Args>...>
    HOCKET_INLINE auto create_task(const TaskOptions& options, F&& f, Args&&... args) {
        return make(owning(std::decay_t<F>(std::forward<F>(f)), std::decay_t<Args>(std::forward<Args>(args))...),
                    options, here());
    }

    /// How many of its tasks are not done.
    std::size_t size() const noexcept { return size_; }

private:
    friend struct GroupChild;
    template <class T, class F>
    friend Coro<T> run_task_group(F body);

    // The parent's wait for the children. It resumes without a throw, for cancels too.
    struct Exit {
        using HocketAwaiter = Exit;
        static constexpr bool awaited_often = false;

        TaskGroup& group;
        bool await_ready() const noexcept { return false; }
        void await_suspend(AwaitingFrame h) noexcept { group.wait(h); }
        void await_resume() const { group.take_cancel(); }
    };

    TaskGroup() noexcept : parent_(*this_loop->current) {}
    ~TaskGroup();

    template <class T>
    Task<T> make(Coro<T>&& coro, const TaskOptions& options, const void* where) {
        close_if_refused(coro, [this] {
            if (refuses()) [[unlikely]]
                throw_refused();
            parent_.loop().check_usable("TaskGroup::create_task");
        });
        auto* state = new GroupTask<T>(parent_.loop(), coro.release(), options, where);
        Task<T> task(state);
        start(*state, state->child, options);
        return task;
    }

    bool refuses() const noexcept { return aborting_ || (exiting_ && size_ == 0); }
    [[noreturn]] void throw_refused() const;
    void start(TaskBase& task, GroupChild& child, const TaskOptions& options) noexcept;
    void remove(GroupChild& child) noexcept;
    void child_done(TaskBase& task) noexcept;
    void abort() noexcept;

    void begin_exit(const std::exception_ptr& body_error) noexcept;
    bool busy() const noexcept { return size_ > 0; }
    void wait(std::coroutine_handle<> h) noexcept;
    void take_cancel();
    void end(const std::exception_ptr& body_error);

    bool cancel_wait(TaskBase& task) noexcept override;
    void describe(AwaitDescription& to) const override;

    TaskBase& parent_;
    GroupChild *first_ = nullptr, *last_ = nullptr;  // the children that are not done
    std::size_t size_ = 0;
    std::vector<std::exception_ptr> errors_;  // of children, in the order of their ends
    std::exception_ptr base_error_;           // a KeyboardInterrupt or SystemExit
    std::exception_ptr cancellation_;         // to be thrown on, if nothing worse happened
    bool exiting_ = false;                    // the body has ended
    bool aborting_ = false;                   // the children were cancelled
    bool parent_cancel_requested_ = false;    // by the group: to be taken back
    bool waiting_ = false;                    // the parent waits in Exit
};

template <class T, class F>
Coro<T> run_task_group(F body) {
    TaskGroup group;
    BlockOutcome<T> outcome;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await body(group);
        } else {
            outcome.return_value(co_await body(group));
        }
    } catch (...) {  // thrown on by `end`, in a group or bare
        outcome.error = std::current_exception();
    }
    group.begin_exit(outcome.error);
    while (group.busy()) co_await TaskGroup::Exit{group};
    group.end(outcome.error);
    co_return outcome.take();
}

/// Runs `body(group)`, waits for every task of the group, and gives the body's result (`async with asyncio.TaskGroup() as group`).
///
///     co_await task_group([&](TaskGroup& group) -> Coro<> {
///         group.create_task(fetch(a));
///         group.create_task(fetch(b));
///         co_return;
///     });
///
/// The body's own variables go when the body ends, before its children do: what children refer to is declared outside, or passed by value.
///
/// When a child or the body fails, the others are cancelled, and when all have ended an ExceptionGroup holds every failure, the body's
/// last. A child that was merely cancelled is no failure. KeyboardInterrupt and SystemExit come bare. A cancel of the awaiting task cancels the
/// children; CancelledError is thrown when they have ended, or the ExceptionGroup if some failed, and then the next await throws
/// CancelledError.
template <class F>
HOCKET_CORO_WRAPPER auto task_group(F body) {
    static_assert(CoroutineFunction<F, TaskGroup&>,
                  "hocket: task_group takes a function of this kind: [&](TaskGroup& group) -> Coro<T> {...}");
    return run_task_group<BlockResult<F, TaskGroup&>, F>(std::move(body));
}

}  // namespace hocket
