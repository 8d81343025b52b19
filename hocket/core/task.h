// SPDX-License-Identifier: MIT
// Tasks: coroutines that the loop owns and runs beside each other.
#pragma once

#include <hocket/base/coroutine_function.h>
#include <hocket/base/invoke.h>
#include <hocket/core/coro.h>
#include <hocket/core/future.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

template <class T>
struct TaskState : State<TaskBase, T> {
    using State<TaskBase, T>::State;

    void harvest() noexcept override {
        auto root = Coro<T>::Frame::from_address(this->frame.address());
        if (this_loop->raised) [[unlikely]]
            return this->conclude_raised(root);
        const bool cancelled = this->flags & f_must_cancel;
        if constexpr (std::is_reference_v<T>) {
            this->value = root.promise().value;
        } else if constexpr (!std::is_void_v<T>) {
            if (!cancelled && !take_value(root.promise())) return this->conclude_raised(root);
        }
        root.destroy();
        this->conclude(cancelled ? f_cancelled : 0);
    }

private:
    bool take_value(auto& promise) noexcept {
        if constexpr (std::is_nothrow_move_constructible_v<T>) {
            this->value.emplace(promise.take());
        } else {
            try {
                this->value.emplace(promise.take());
            } catch (...) {
                this_loop->raised = std::current_exception();
                return false;
            }
        }
        return true;
    }
};

/// The handle of a task whose result is not asked for, and what containers of different tasks and futures hold. Awaiting it waits for the
/// end and throws what the task ended with.
class HOCKET_EXPORT AnyTask : public FutureHandle {
public:
    using value_type = void;
    AnyTask() noexcept = default;
    AnyTask(FutureHandle handle) noexcept : FutureHandle(std::move(handle)) {}

    /// Whether this is a task, and not a plain future.
    bool is_task() const { return object().flags & f_task; }
    /// The name of a task, `future` for a plain future.
    std::string get_name() const;
    /// As of `Task`. Throw RuntimeError when this is no task.
    void set_name(std::string_view name) const { task("set_name").set_name(name); }
    unsigned cancelling() const { return task("cancelling").cancelling(); }
    unsigned uncancel() const { return task("uncancel").uncancel(); }
    /// As of `Task` and `Future`, with an AnyTask for `f`.
    template <class F>
    HOCKET_INLINE void add_done_callback(F f, CallOptions options = {}) const {
        hocket::add_done_callback<AnyTask>(object("add_done_callback"), std::move(f), options, here());
    }
    template <std::equality_comparable F>
    std::size_t remove_done_callback(F f) const {
        return remove_done_callbacks(object("remove_done_callback"), &type_mark<F>, &f);
    }
    auto operator co_await() const noexcept { return FutureAwaiter<FutureBase, false>(state_); }

private:
    TaskBase& task(const char* call) const;
};

/// A coroutine that runs by itself (`asyncio.Task`). The loop owns it: dropping the handle does not end it. An exception that nobody looks
/// at is reported when the last handle goes. Not thread-safe.
template <class T = void>
class Task : public TypedHandle<Task<T>, TaskState<T>, T> {
    using Base = TypedHandle<Task<T>, TaskState<T>, T>;

public:
    Task() noexcept = default;
    /// Of a handle that stands for a task of T.
    template <std::same_as<FutureHandle> H>
    explicit Task(H&& handle) noexcept : Base(std::forward<H>(handle)) {}
    explicit Task(TaskState<T>* state) noexcept : Base(static_cast<FutureBase*>(state)) {}

    /// How many cancels were asked for, less those taken back by `uncancel`.
    unsigned cancelling() const { return base().cancelling(); }
    /// Takes one cancel back, as code does that asked for it and has dealt with it; returns how many are left. At 0, a cancel that was not
    /// delivered yet is withdrawn.
    unsigned uncancel() const { return base().uncancel(); }
    std::string get_name() const { return base().name(); }
    void set_name(std::string_view name) const { base().set_name(name); }

private:
    TaskBase& base() const { return static_cast<TaskBase&>(this->object()); }
};

/// Begins the task: the loop runs it in the next iteration, or now if it is eager.
inline void start_task(EventLoop& loop, TaskBase& t, const TaskOptions& options) noexcept {
    if ((options.eager_start || loop.eager_tasks) && this_loop == &loop) [[unlikely]]
        return loop.step_eagerly(t);
    loop.push(t);
}

/// `where`: an address where the task is made; null where that is in the library, and says less than the coroutine's own.
template <class T>
Task<T> make_task(EventLoop& loop, Coro<T>&& coro, const TaskOptions& options, const void* where) {
    const auto root = coro.release();
    auto* state = new TaskState<T>(loop, root, options, where ? where : root.promise().pc);
    Task<T> task(state);
    start_task(loop, *state, options);
    return task;
}

/// Makes a task of `coro` on the running loop. Its body begins in the next iteration (or now: `{.eager_start = true}`). Throws RuntimeError
/// when no loop runs (`asyncio.create_task`).
template <class T>
HOCKET_INLINE Task<T> create_task(Coro<T> coro, const TaskOptions& options = {}) {
    return make_task(get_running_loop(), std::move(coro), options, here());
}

/// Runs `check`, which throws where `coro` cannot be taken. It is closed then: that nobody awaits it is no mistake of the program's.
template <class T, class Check>
void close_if_refused(Coro<T>& coro, Check check) {
    try {
        check();
    } catch (...) {
        coro.close();
        throw;
    }
}

template <class T>
Task<T> EventLoop::create_task(Coro<T> coro, const TaskOptions& options) {
    close_if_refused(coro, [this] { check_usable("create_task"); });
    return make_task(*this, std::move(coro), options, nullptr);
}

template <class T>
Task<T> EventLoop::create_task(Coro<T> coro) {
    return create_task(std::move(coro), TaskOptions{});
}

/// The callable and its arguments live in this frame, for as long as the coroutine that they gave.
template <class F, class... Args>
auto owning(F f, Args... args) -> std::remove_cvref_t<std::invoke_result_t<F&, Args...>> {
    co_return co_await hocket::invoke(f, std::move(args)...);
}

/// Makes a task of `f(args...)`. The callable and copies of the arguments live as long as the task, so neither captures nor temporaries
/// dangle; pass `std::ref(x)` for what shall be shared.
template <class F, class... Args>
    requires CoroutineFunction<std::decay_t<F>, std::decay_t<Args>...>
HOCKET_INLINE auto create_task(F&& f, Args&&... args) {
    return make_task(get_running_loop(),
                     owning(std::decay_t<F>(std::forward<F>(f)), std::decay_t<Args>(std::forward<Args>(args))...),
                     TaskOptions{}, here());
}
template <class F, class... Args>
    requires CoroutineFunction<std::decay_t<F>, std::decay_t<Args>...>
HOCKET_INLINE auto create_task(const TaskOptions& options, F&& f, Args&&... args) {
    return make_task(get_running_loop(),
                     owning(std::decay_t<F>(std::forward<F>(f)), std::decay_t<Args>(std::forward<Args>(args))...),
                     options, here());
}

/// The task that runs, or an empty handle. Throws RuntimeError when no loop runs.
HOCKET_EXPORT AnyTask current_task();
/// The task that runs in `loop`, or an empty handle. `loop` must belong to this thread, or not run: handles are not thread-safe.
HOCKET_EXPORT AnyTask current_task(const EventLoop& loop);
/// All tasks of the running loop, or of `loop`, that are not done, the oldest first. `loop` must belong to this thread, or not run.
HOCKET_EXPORT std::vector<AnyTask> all_tasks();
HOCKET_EXPORT std::vector<AnyTask> all_tasks(const EventLoop& loop);

/// Runs `loop` until `future` is done; used by `run_until_complete`.
HOCKET_EXPORT void run_loop_until(EventLoop& loop, FutureBase& future);

template <class T>
T EventLoop::run_until_complete(Task<T> task) {
    run_loop_until(*this, task.object());
    return static_cast<TaskState<T>*>(task.state())->take_or_copy();
}

template <class T>
T EventLoop::run_until_complete(Future<T> future) {
    run_loop_until(*this, future.object());
    return static_cast<FutureState<T>*>(future.state())->take_or_copy();
}

inline void EventLoop::run_until_complete(const AnyTask& task) {
    run_loop_until(*this, task.object());
    task.object().check();
}

template <class T>
T EventLoop::run_until_complete(Coro<T> coro) {
    close_if_refused(coro, [this] {
        check_usable("run_until_complete");
        if (running_ || this_loop)
            throw RuntimeError("run_until_complete cannot be called while a loop runs on this thread: await instead");
    });
    return run_until_complete(create_task(std::move(coro), TaskOptions{}));
}

}  // namespace hocket

template <class T>
struct std::hash<hocket::Task<T>> {
    std::size_t operator()(const hocket::Task<T>& task) const noexcept { return hocket::hash_of(task); }
};
template <>
struct std::hash<hocket::AnyTask> {
    std::size_t operator()(const hocket::AnyTask& task) const noexcept { return hocket::hash_of(task); }
};
