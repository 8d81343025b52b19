// SPDX-License-Identifier: MIT
// Running a coroutine from ordinary code: run, Runner, nested_run.
#pragma once

#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/core/task.h>

#include <optional>

namespace hocket {

/// A loop with the backend that the environment variable HOCKET_BACKEND names, or else the best that works here. The caller closes it,
/// and runs it (`asyncio.new_event_loop`).
HOCKET_EXPORT Unique<EventLoop> new_event_loop();

/// How `run` and `Runner` make their loop.
struct RunOptions {
    std::optional<bool> debug = {};  ///< debug mode; else what HOCKET_DEBUG says
    Function<Unique<EventLoop>()> loop_factory = new_event_loop;
};

/// A loop for several runs, which share a context (`asyncio.Runner`).
///
/// While it runs on the main thread, and SIGINT has its default effect, SIGINT cancels the main task; if the CancelledError comes out of it,
/// `run` throws KeyboardInterrupt. A second SIGINT ends the run, and a later one has its default effect. The loop sees them
/// between steps: a coroutine that computes without waiting is not interrupted, but the third SIGINT that the loop has no occasion to
/// see ends the process, as an ordinary Ctrl-C.
class HOCKET_EXPORT Runner {
public:
    explicit Runner(RunOptions options = {});
    /// Closes it. What fails then is reported: call `close` to learn of it.
    ~Runner();
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    /// Runs `main` to its end; its result. Its context is the one given, else the runner's, which is a copy of the current one at the first
    /// run. Throws what it threw; RuntimeError while a loop runs on this thread, or after `close`.
    template <class T>
    T run(Coro<T> main, CallOptions options = {}) {
        close_if_refused(main, [this] { check_can_run(); });
        if (!context_) context_.emplace(copy_context());
        Task<T> task =
            get_loop().create_task(std::move(main), {.context = options.context ? options.context : &*context_});
        run_main(static_cast<TaskBase&>(*task.state()));
        return static_cast<TaskState<T>*>(task.state())->take_or_copy();
    }
    /// The loop, made at the first use.
    EventLoop& get_loop();
    /// Cancels the tasks that are left and lets them end, reporting what they throw; waits up to 300 s for executors; closes the loop.
    /// Throws KeyboardInterrupt or SystemExit when a task does so on its way out: then the loop is closed at once. Harmless when done
    /// before; throws RuntimeError while the loop runs.
    void close();

private:
    void check_can_run() const;
    void run_main(TaskBase& task);
    void cancel_all_tasks();
    void shut_down_resources();

    RunOptions options_;
    Unique<EventLoop> loop_;
    std::optional<Context> context_;
    bool closed_ = false;
};

/// Runs `main` on a loop of its own and closes that (`asyncio.run`). Returns its result, throws what it threw, or what `Runner::close`
/// throws after it. Blocks the thread; RuntimeError when a loop runs on it already: then `co_await`, or `nested_run`.
template <class T>
T run(Coro<T> main, RunOptions options = {}) {
    Runner runner(std::move(options));
    if constexpr (std::is_void_v<T>) {
        runner.run(std::move(main));
        runner.close();
    } else {
        T result = runner.run(std::move(main));
        runner.close();
        return result;
    }
}

HOCKET_EXPORT void run_nested_until(FutureBase& future);

/// Runs `coro` from ordinary code that was called by a coroutine, on the same loop, which goes on with everything else meanwhile
/// (`nest_asyncio`). The calling task itself waits. For code that cannot be made a coroutine; prefer `co_await`.
template <class T>
T nested_run(Coro<T> coro) {
    Task<T> task = make_task(get_running_loop(), std::move(coro), {}, nullptr);
    run_nested_until(*task.state());
    return static_cast<TaskState<T>*>(task.state())->take_or_copy();
}

}  // namespace hocket
