// SPDX-License-Identifier: MIT
// Blocking functions from coroutines: run_in_executor and to_thread.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/os/thread_pool.h>
#include <hocket/os/wrap_future.h>

#include <concepts>
#include <type_traits>
#include <utility>

namespace hocket {

/// The running loop's default executor: a ThreadPoolExecutor, made at the first use. When the loop's program has ended, the Runner lets
/// what was submitted run to its end, up to 300 s; closing the loop cancels what has not begun, destroys the tasks, and waits for the
/// threads, however long: no thread outlives the loop. Throws RuntimeError when no loop runs, or its executor was shut down.
HOCKET_EXPORT ThreadPoolExecutor& default_executor();
/// Takes another in its place (`loop.set_default_executor`), from any owner: `Shared<ThreadPoolExecutor>::make(...)`, `std::make_unique`,
/// `std::make_shared`. It is shut down with the loop; the one before it is shut down now, and what was submitted to that still runs. Does
/// not wait for threads. Throws ValueError for null, RuntimeError after `shutdown_default_executor`. The loop's thread only.
HOCKET_EXPORT void set_default_executor(EventLoop& loop, Shared<ThreadPoolExecutor> executor);
/// Shuts the running loop's default executor down, and waits for its threads without blocking the loop
/// (`loop.shutdown_default_executor`). From then on, `run_in_executor` without an executor throws. Cancelled, it stops waiting.
HOCKET_EXPORT Coro<> shutdown_default_executor();
/// The same, and waits no longer than `timeout`: threads that have not ended by then are reported, and their jobs go on. The executor is
/// shut down even when there is no time to wait.
HOCKET_EXPORT Coro<> shutdown_default_executor(Duration timeout);

/// Has `f(args...)` run by a thread of `executor`; the future gives its result or throws what it threw
/// (`loop.run_in_executor(executor, f, *args)`).
///
/// The work is submitted at once, whether or not the future is awaited. Cancelling the future keeps work that has not begun from
/// beginning; else the work goes on, and its result is destroyed (see `wrap_future`). Callable and arguments are moved or copied:
/// nothing dangles when the task goes first. Results that are ready together cost the loop one wake.
template <std::derived_from<Executor> E, class F, class... Args>
auto run_in_executor(E& executor, F&& f, Args&&... args) {
    EventLoop& loop = get_running_loop();
    return wrap_future(executor.submit(std::forward<F>(f), std::forward<Args>(args)...), loop);
}
/// The same on the running loop's default executor (`loop.run_in_executor(None, f, *args)`).
template <class F, class... Args>
    requires(!std::derived_from<std::remove_cvref_t<F>, Executor>)
auto run_in_executor(F&& f, Args&&... args) {
    return run_in_executor(default_executor(), std::forward<F>(f), std::forward<Args>(args)...);
}

/// The caller's context, for a function on another thread.
class DetachedContext {
public:
    template <class F>
    decltype(auto) run(F&& f) {
        const Entered entered(slot_);
        return std::forward<F>(f)();
    }

private:
    struct Entered {
        explicit Entered(ContextSlot& s) noexcept : slot(s) { std::swap(slot, current_context()); }
        Entered(const Entered&) = delete;
        ~Entered() { std::swap(slot, current_context()); }
        ContextSlot& slot;
    };
    ContextSlot slot_ = current_context().detached();
};

/// Runs `f(args...)` on a thread of the default executor, in a copy of the caller's context variables (`asyncio.to_thread`); what it sets
/// there stays there. Begins when it is awaited or made a task. A cancel abandons the work, as with `run_in_executor`.
template <class F, class... Args>
auto to_thread(F f, Args... args) -> Coro<std::invoke_result_t<F&, Args...>> {
    co_return co_await run_in_executor(
        [context = DetachedContext(), f = std::move(f), ... args = std::move(args)]() mutable -> decltype(auto) {
            return context.run([&]() -> decltype(auto) { return hocket::invoke(f, std::move(args)...); });
        });
}

}  // namespace hocket
