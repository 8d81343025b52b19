// SPDX-License-Identifier: MIT
// Computing in other processes: a pool of workers that run plain functions.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/os/concurrent_future.h>
#include <hocket/os/executor.h>
#include <hocket/os/marshal.h>
#include <hocket/os/wrap_future.h>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

/// A worker process has ended by itself, and the pool with it (`concurrent.futures.process.BrokenProcessPool`): `the process pool is broken: a
/// worker process was ended by signal 11 (Segmentation fault)`.
class HOCKET_EXPORT BrokenProcessPool : public BrokenExecutor {
public:
    using BrokenExecutor::BrokenExecutor;
    ~BrokenProcessPool() override;
};

/// `ProcessPoolExecutor({.max_workers = 4})`
struct ProcessPoolOptions {
    unsigned max_workers = 0;  ///< 0: as many as there are processors
    /// A worker that has done so many calls is replaced by a new one, as it was when the pool was made: for what leaks. 0: never.
    unsigned max_tasks_per_child = 0;
    /// Called by each worker before its first call. What it throws, or a crash, breaks the pool.
    void (*initializer)() = nullptr;
    std::string_view process_name_prefix =
        "hocket_worker";  ///< `hocket_worker_0` ...; the kernel keeps 15 characters with the number
};

/// A text that only refers to its characters is carried as a std::string.
template <class T>
using Carried = std::conditional_t<std::is_convertible_v<const std::decay_t<T>&, std::string_view> &&
                                       !std::is_same_v<std::decay_t<T>, std::string>,
                                   std::string, std::decay_t<T>>;

template <class T>
decltype(auto) carried(const T& value) {
    if constexpr (std::is_same_v<Carried<T>, T>) {
        return (value);
    } else {
        return Carried<T>(value);
    }
}

/// A pointer to a function, or a callable that holds nothing.
template <class F>
concept PlainFunction = (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>) ||
                        (std::is_empty_v<F> && std::is_default_constructible_v<F> && std::is_trivially_copyable_v<F>);

/// The type of what a worker's call of an F gives; says what is wrong with a call.
template <class F, class... Args>
constexpr auto result_of_call() {
    static_assert(PlainFunction<F>,
                  "hocket: a worker process runs a pointer to a function, or a lambda that captures nothing: hand over "
                  "what it needs as arguments");
    static_assert(std::is_invocable_v<F&, Args...>,
                  "hocket: the function cannot be called with copies of these arguments");
    if constexpr (std::is_invocable_v<F&, Args...>) {
        using R = std::remove_cvref_t<std::invoke_result_t<F&, Args...>>;
        static_assert(!is_coro<R>, "hocket: a worker process runs ordinary functions: a coroutine belongs to the loop");
        static_assert((Marshallable<Args> && ...) && (std::is_void_v<R> || is_coro<R> || Marshallable<R>),
                      "hocket: an argument or the result cannot go to another process: give its parts, as numbers, "
                      "std::string, std::vector, std::optional, std::tuple, or a struct without pointers");
        return std::type_identity<R>();
    } else {
        return std::type_identity<void>();
    }
}

/// What a worker calls: takes the arguments off the front, and appends the result.
using WorkerEntry = void (*)(std::string_view arguments, std::string& result);

template <class R, class F, class... Args>
void call_in_worker(std::string_view arguments, std::string& result) {
    const auto function = [&] {
        if constexpr (std::is_pointer_v<F>) {
            return reinterpret_cast<F>(get_value<std::uintptr_t>(arguments));
        } else {
            return F();
        }
    };
    F f = function();
    std::tuple<Args...> values{get_value<Args>(arguments)...};  // braces: from left to right
    if constexpr (std::is_void_v<R>) {
        std::apply(f, std::move(values));
    } else {
        put_value<R>(result, std::apply(f, std::move(values)));
    }
}

/// A pool of processes, first in, first out (`concurrent.futures.ProcessPoolExecutor`): for what may crash, leaks, or is not thread-safe. Of
/// what merely computes, threads are cheaper (`run_in_executor`).
///
///     ProcessPoolExecutor pool;                                    // early in main
///     const long n = co_await pool.run(count_primes, 1, 1'000'000);
///
/// The constructor forks the workers, which are copies of this process as it is then. **Make the pool before threads and loops**: a thread that
/// holds a lock at that moment holds it in the workers for ever, though not the C library's or hocket's own. A worker has no loop, no thread and
/// no signal handler of its parent's, but those of faults; it ignores SIGINT, which a terminal sends to all; of its parent's descriptors it
/// keeps those that are not close-on-exec. It never runs destructors of the parent's static objects or what `atexit` registered, not even when a function calls
/// exit.
///
/// A function is a plain one: a pointer, or a lambda that captures nothing. It gets copies of the arguments, and a copy of its result comes
/// back: both are Marshallable, texts become std::string. What it throws is thrown here: the common types of hocket and the standard library as
/// themselves, others as RuntimeError with their name. It prints to the parent's standard output, which is flushed after each call.
///
/// A worker that ends by itself, by a signal or by exit, breaks the pool: the others are killed, and every call, begun or not, throws
/// BrokenProcessPool. A cancel abandons the result; a call that has not begun never does.
///
/// Thread-safe but for moving and the end. Move-only.
class HOCKET_EXPORT ProcessPoolExecutor {
public:
    /// Forks the workers. Throws OSError when one cannot be had.
    explicit ProcessPoolExecutor(const ProcessPoolOptions& options = {});
    ProcessPoolExecutor(ProcessPoolExecutor&& other) noexcept = default;
    /// Ends what this was before as the destructor does, and not on one of its own threads either.
    ProcessPoolExecutor& operator=(ProcessPoolExecutor&& other) noexcept;
    /// As `kill_workers`, and not on one of the pool's own threads. `close` lets the calls end before.
    ~ProcessPoolExecutor();

    /// Has a worker call `f(args...)`; gives the result. The arguments are copied now, the call begins when this is awaited or made a task.
    template <class F, class... Args>
    [[nodiscard]] HOCKET_CORO_WRAPPER auto run(F f, const Args&... args) {
        using R = typename decltype(result_of_call<F, Carried<Args>...>())::type;
        return wait_for_call<R>(pool(), request<R, F, Carried<Args>...>(f, carried(args)...));
    }
    /// The same, submitted at once; the future's `result` blocks (`submit`).
    template <class F, class... Args>
    auto submit(F f, const Args&... args) {
        using R = typename decltype(result_of_call<F, Carried<Args>...>())::type;
        return submit_call<R>(*pool(), request<R, F, Carried<Args>...>(f, carried(args)...));
    }

    unsigned max_workers() const;
    /// The processes, for whoever looks at them from outside; none after the end, or once the pool is broken. With `max_tasks_per_child`, those
    /// that start the workers.
    std::vector<int> worker_pids() const;

    /// Takes no more calls, lets those that were submitted end, then ends the workers, and waits for all that without blocking the loop
    /// (`shutdown`). False: they had not ended in time, and the workers were killed. Cancelled, it stops waiting. Harmless when closed already.
    Coro<bool> close(ExecutorCloseOptions options = {});
    /// Kills the workers, and waits until they are gone, which is soon. Calls that were submitted throw BrokenProcessPool, later ones
    /// RuntimeError. Waits for the pool's threads, too, and frees its descriptors; on one of these threads, as in a callback of what `submit`
    /// gave, that is left to `close`, the destructor, or another `kill_workers`.
    void kill_workers() noexcept;

    /// For `with`, which gives the pool to its block and closes it.
    Coro<ProcessPoolExecutor&> aenter();
    Coro<> aexit(std::exception_ptr error);

private:
    struct Pool;
    const Shared<Pool>& pool() const;
    static ThreadPoolExecutor& threads(Pool& pool) noexcept;
    /// On one of the threads: has a free worker do what the request says. The first byte of the reply is no part of the result.
    static std::string call(Pool& pool, const std::string& request);

    template <class R, class F, class... Args>
    static std::string request(F f, const Args&... args) {
        std::string bytes;
        put_value(bytes, reinterpret_cast<std::uintptr_t>(WorkerEntry(call_in_worker<R, F, Args...>)));
        if constexpr (std::is_pointer_v<F>) put_value(bytes, reinterpret_cast<std::uintptr_t>(f));
        (put_value(bytes, args), ...);
        return bytes;
    }
    template <class R>
    static ConcurrentFuture<R> submit_call(Pool& pool, std::string request) {
        return threads(pool).submit([&pool, request = std::move(request)]() -> R {
            const std::string reply = call(pool, request);
            std::string_view result = std::string_view(reply).substr(1);
            if constexpr (!std::is_void_v<R>) return get_value<R>(result);
        });
    }
    template <class R>
    static Coro<R> wait_for_call(Shared<Pool> pool, std::string request) {
        co_return co_await wrap_future(submit_call<R>(*pool, std::move(request)));
    }

    Shared<Pool> pool_;  // null when moved from
};

/// `pool.run(f, args...)` submitted at once, as a future (`loop.run_in_executor(pool, f, *args)`).
template <class F, class... Args>
auto run_in_executor(ProcessPoolExecutor& pool, F&& f, Args&&... args) {
    return wrap_future(pool.submit(std::decay_t<F>(std::forward<F>(f)), args...));
}

}  // namespace hocket
