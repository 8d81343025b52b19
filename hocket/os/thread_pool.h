// SPDX-License-Identifier: MIT
// Executors: what runs ordinary functions beside the loop, on threads (`concurrent.futures`).
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/errors.h>
#include <hocket/base/function.h>
#include <hocket/base/invoke.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/os/concurrent_future.h>

#include <exception>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hocket {

/// `executor.shutdown({.cancel_futures = true})`
struct ExecutorShutdownOptions {
    bool wait = true;                      ///< return when its threads have ended
    bool cancel_futures = false;           ///< cancel what has not begun; else it still runs
    std::optional<Duration> timeout = {};  ///< wait no longer than that
};

/// `co_await pool.close({.timeout = 5s})`
struct ExecutorCloseOptions {
    std::optional<Duration> timeout = {};  ///< wait no longer than that
    bool cancel_futures = false;           ///< cancel what has not begun; else it still runs
};

/// An executor runs nothing any more (`concurrent.futures.BrokenExecutor`).
class HOCKET_EXPORT BrokenExecutor : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
    ~BrokenExecutor() override;
};
/// A pool of threads whose initializer failed: `the thread pool is broken: its initializer failed: hocket::OSError: open x: No such file or
/// directory` (`concurrent.futures.thread.BrokenThreadPool`).
class HOCKET_EXPORT BrokenThreadPool : public BrokenExecutor {
public:
    using BrokenExecutor::BrokenExecutor;
    ~BrokenThreadPool() override;
};

/// A function with its arguments that waits for a thread, and the future of its result, in one block.
template <class R, class F>
struct Job final : ConcurrentState<R> {
    std::optional<F> work;
    JobTicket place;

    explicit Job(F&& f) : work(std::move(f)) {}
    void run() noexcept override {
        if (!this->begin()) return this->drop();
        place.begin();
        try {
            this->emplace_result_of(*work);
        } catch (...) {
            this->error = std::current_exception();
        }
        work.reset();  // what it captured is gone when the result is seen
        this->finish_and_drop();
    }
    void release_work() noexcept override { work.reset(); }
    JobTicket* ticket() noexcept override { return &place; }
};

/// Something that runs functions elsewhere (`concurrent.futures.Executor`).
class HOCKET_EXPORT Executor {
public:
    Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    virtual ~Executor();

    /// Has `f(args...)` run by one of its threads; callable and arguments are moved or copied into the job. Returns at once. Throws
    /// RuntimeError after `shutdown`, QueueFull (<hocket/sync/queue.h>) where only so many may wait and do, BrokenExecutor, OSError when not
    /// even one thread can be had. Thread-safe.
    template <class F, class... Args>
    auto submit(F&& f, Args&&... args) {
        using R = std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>;
        static_assert(!is_coro<std::remove_cvref_t<R>>,
                      "hocket: an executor runs ordinary functions: a coroutine belongs to the loop (create_task, "
                      "or run_coroutine_threadsafe from another thread)");
        auto work = [f = std::decay_t<F>(std::forward<F>(f)),
                     ... args = std::decay_t<Args>(std::forward<Args>(args))]() mutable -> R {
            return hocket::invoke(f, std::move(args)...);
        };
        auto* job = new Job<R, decltype(work)>(std::move(work));
        ConcurrentFuture<R> future(job);
        execute(*job);
        return future;
    }

    /// No more work is taken. Whether all its threads have ended. Thread-safe, but for `wait` from one of its own threads, which throws
    /// RuntimeError.
    bool shutdown(ExecutorShutdownOptions options = {}) { return end(options); }

protected:
    /// Has `job.run()` called once, by any thread, with a reference that this takes for it.
    virtual void execute(ConcurrentBase& job) = 0;
    virtual bool end(const ExecutorShutdownOptions& options) = 0;
};

/// `ThreadPoolExecutor({.max_workers = 4, .thread_name_prefix = "hash"})`
struct ThreadPoolOptions {
    unsigned max_workers = 0;  ///< 0: processors and 4 more, at most 32
    std::string_view thread_name_prefix =
        {};  ///< `hash_0`, `hash_1` ...; what the kernel keeps of it is 15 characters with the number
    /// Called by each thread before its first job, maybe by several at the same time. What it throws breaks the pool: all that was submitted
    /// and has not begun, and what is submitted later, throws BrokenThreadPool.
    Function<void()> initializer = {};
    unsigned max_queue =
        0;  ///< so many jobs may wait while all threads work, before `submit` throws QueueFull; 0: any number
};

/// A pool of threads, first in, first out (`concurrent.futures.ThreadPoolExecutor`). A thread starts when there is work for it and
/// none is idle, and stays until the shutdown. Thread-safe.
class HOCKET_EXPORT ThreadPoolExecutor final : public Executor {
public:
    explicit ThreadPoolExecutor(ThreadPoolOptions options = {});
    /// Shuts down and waits: all that was submitted has run when this returns. Not from one of its own threads. In a coroutine, where that
    /// would stop the loop, `close` comes before.
    ~ThreadPoolExecutor() override;

    /// Shuts down, and waits for the threads without blocking the loop. False: they had not ended in time, and go on; the destructor waits for
    /// them. Cancelled, it stops waiting. Harmless when shut down already.
    Coro<bool> close(ExecutorCloseOptions options = {});
    /// For `with`, which gives the pool to its block and closes it.
    Coro<ThreadPoolExecutor&> aenter();
    Coro<> aexit(std::exception_ptr error);

    unsigned max_workers() const noexcept;
    /// Threads started so far.
    unsigned workers() const noexcept;
    /// Whether the calling thread is one of them.
    bool runs_on_this_thread() const noexcept;

    /// Is set once it is shut down and all its threads have left their work. Cancelling it has no effect on them.
    ConcurrentFuture<> ended() const noexcept;
    /// Shuts down, and lets go of its threads: what they have begun goes on, what has not begun is cancelled, and nobody waits for either.
    /// For work that may hang in the system; what its functions use must be their own.
    void abandon() noexcept;

private:
    friend class ProcessPoolExecutor;
    struct Pool;
    /// For those who wait for a job: the executor whose threads these are.
    void work_for(const char* executor) noexcept;
    void execute(ConcurrentBase& job) override;
    bool end(const ExecutorShutdownOptions& options) override;
    Shared<Pool> pool_;  // its threads', too
};

}  // namespace hocket
