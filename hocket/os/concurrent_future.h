// SPDX-License-Identifier: MIT
// Futures for threads: results that one thread sets and others wait for (`concurrent.futures.Future`).
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/copyable.h>
#include <hocket/base/errors.h>
#include <hocket/base/memory.h>
#include <hocket/base/owners.h>
#include <hocket/os/simulated_threads.h>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace hocket {

/// What a concurrent future tells of its end: once, on the thread that ends it, or at once when it has ended already. It holds a
/// reference of its own where it needs the future.
struct HOCKET_EXPORT ConcurrentCallback {
    ConcurrentCallback* next = nullptr;
    virtual void concluded() noexcept = 0;

protected:
    ~ConcurrentCallback() = default;
};

/// How far an executor is with its queue. Outlives it, for those who look at what waits for one of its jobs.
struct ExecutorProgress {
    const char* name = "ThreadPoolExecutor";
    const Shared<SimulatedThreads::Life> simulated = simulated_threads ? simulated_threads->life() : nullptr;
    std::uint64_t pushed = 0;               // jobs that have come into the queue; the executor's lock is held
    std::atomic<std::uint64_t> popped = 0;  // those that have left it

    /// In nanoseconds; of the threads' own clock, to some milliseconds.
    HOCKET_EXPORT std::int64_t now() const noexcept;
};

/// Where a job stands; of an executor of another kind nothing is known. Read without a lock: by a loop while threads work, and in a forked
/// copy of the process, where nobody would ever unlock it.
struct JobTicket {
    Shared<const ExecutorProgress> executor;
    std::atomic<std::uint64_t> number = 0;  // of what was pushed
    std::atomic<std::int64_t> since = 0;    // when it came into the queue, and then, when it began

    void come(const Shared<ExecutorProgress>& to) noexcept {
        executor = to;
        since.store(to->now(), std::memory_order_relaxed);
    }
    void begin() noexcept {
        if (executor) since.store(executor->now(), std::memory_order_relaxed);
    }
};

/// The part of a concurrent future that does not depend on the type of its result. Thread-safe, without a lock: its state decides
/// who may write the outcome, and the list of callbacks is closed by an exchange.
struct HOCKET_EXPORT ConcurrentBase : Pooled {
    enum State : std::uint32_t {
        pending,    // not begun: may be cancelled
        running,    // begun
        setting,    // one thread writes the outcome
        cancelled,  // an end, as all that follow
        finished,
        state_mask = 7,
        awaited = 8,  // a bit beside the state: a thread sleeps until the end
    };

    std::atomic<std::uint32_t> references{1};
    std::atomic<std::uint32_t> word{pending};
    std::atomic<ConcurrentCallback*> callbacks{nullptr};
    std::exception_ptr error;
    ConcurrentBase* next = nullptr;  // in an executor's queue

    ConcurrentBase() noexcept = default;
    ConcurrentBase(const ConcurrentBase&) = delete;
    ConcurrentBase& operator=(const ConcurrentBase&) = delete;
    virtual ~ConcurrentBase();
    /// A job does its work; takes over the caller's reference.
    virtual void run() noexcept {}
    /// A job was cancelled before it began: frees what the work holds.
    virtual void release_work() noexcept {}
    /// That of what an executor works on; null: somebody else sets it.
    virtual JobTicket* ticket() noexcept { return nullptr; }
    bool is_job() noexcept { return ticket() != nullptr; }
    /// `job in ThreadPoolExecutor, runs for 1.200 s`
    std::string description();

    State state() const noexcept { return static_cast<State>(word.load(std::memory_order_acquire) & state_mask); }
    bool done() const noexcept { return state() >= cancelled; }

    /// pending -> running. False: it is, or is being, cancelled. Throws InvalidStateError when it was begun before.
    bool begin();
    bool cancel() noexcept;
    /// The caller alone writes the outcome now, and ends with `finish`. False: it has ended, or another thread does that.
    bool claim() noexcept;
    void finish() noexcept;
    /// The same, and gives the caller's reference back before anybody learns of the end: so a result that the loop's thread takes,
    /// or nobody, is not destroyed here while somebody else is there to do so.
    void finish_and_drop() noexcept;

    void add_callback(ConcurrentCallback& c) noexcept;
    /// Blocks the thread until the end. False: `timeout` passed before.
    bool wait(std::optional<Duration> timeout) noexcept;
    /// The same; throws TimeoutError, then whatever the end was if it is no result.
    void check(std::optional<Duration> timeout);

    void share() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
    void drop() noexcept {
        if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

private:
    ConcurrentCallback* publish(State end) noexcept;
};

template <class T>
struct ConcurrentState : ConcurrentBase {
    std::optional<T> value;

    template <class... U>
    void emplace(U&&... arguments) {
        value.emplace(std::forward<U>(arguments)...);
    }
    template <class F>
    void emplace_result_of(F& f) {
        value.emplace(f());
    }
    const T& get() const { return *value; }
    T take() { return std::move(*value); }
    /// Moves the value out for the last holder, else copies it.
    T take_or_copy() {
        if constexpr (is_copyable<T>) {
            if (references.load(std::memory_order_acquire) > 1) return *value;
        }
        return std::move(*value);
    }
};
template <class T>
struct ConcurrentState<T&> : ConcurrentBase {
    T* value = nullptr;

    void emplace(T& v) noexcept { value = __builtin_addressof(v); }
    template <class F>
    void emplace_result_of(F& f) {
        value = __builtin_addressof(f());
    }
    T& get() const noexcept { return *value; }
    T& take() const noexcept { return *value; }
    T& take_or_copy() const noexcept { return *value; }
};
template <>
struct ConcurrentState<void> : ConcurrentBase {
    void emplace() noexcept {}
    template <class F>
    void emplace_result_of(F& f) {
        f();
    }
    void get() const noexcept {}
    void take() const noexcept {}
    void take_or_copy() const noexcept {}
};

/// Reports what a done callback threw.
HOCKET_EXPORT void report_callback_exception() noexcept;
[[noreturn]] HOCKET_EXPORT void throw_empty_concurrent_future();
[[noreturn]] HOCKET_EXPORT void throw_set_by_executor();

/// A result that another thread sets (`concurrent.futures.Future`): what executors give, and `run_coroutine_threadsafe`. Copies
/// stand for the same future; an empty one may only be assigned to, tested and destroyed: all else throws RuntimeError. Thread-safe.
///
/// `result` and `exception` block the thread: a coroutine awaits `wrap_future(future)` instead.
template <class T = void>
class ConcurrentFuture {
public:
    using value_type = T;

    /// A pending one, for whoever sets its result.
    ConcurrentFuture() : state_(new ConcurrentState<T>) {}
    /// No future.
    ConcurrentFuture(std::nullptr_t) noexcept : state_(nullptr) {}
    explicit ConcurrentFuture(ConcurrentState<T>* state) noexcept : state_(state) {}  // takes over the reference
    ConcurrentFuture(const ConcurrentFuture& other) noexcept : state_(other.state_) {
        if (state_) state_->share();
    }
    ConcurrentFuture(ConcurrentFuture&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    ConcurrentFuture& operator=(ConcurrentFuture other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~ConcurrentFuture() {
        if (state_) state_->drop();
    }
    explicit operator bool() const noexcept { return state_; }
    friend bool operator==(const ConcurrentFuture& a, const ConcurrentFuture& b) noexcept {
        return a.state_ == b.state_;
    }

    /// Blocks until there is a result; throws what the work threw, CancelledError if it was cancelled, TimeoutError when `timeout`
    /// passes first. `std::move(future).result()` moves the result out.
    decltype(auto) result(std::optional<Duration> timeout = {}) const& HOCKET_LIFETIMEBOUND {
        ConcurrentState<T>& state = object();
        state.check(timeout);
        return static_cast<const ConcurrentState<T>&>(state).get();
    }
    T result(std::optional<Duration> timeout = {}) && {
        ConcurrentState<T>& state = object();
        state.check(timeout);
        return state.take();
    }
    /// Blocks until the end; what it failed with, or null. Throws CancelledError if it was cancelled, TimeoutError.
    std::exception_ptr exception(std::optional<Duration> timeout = {}) const {
        ConcurrentState<T>& state = object();
        if (!state.wait(timeout)) throw TimeoutError();
        if (cancelled()) throw CancelledError();
        return state.error;
    }

    /// Keeps work that has not begun from beginning; true if that succeeded, or had before. What `run_coroutine_threadsafe`
    /// began is cancelled as a task is.
    bool cancel() const { return object().cancel(); }
    bool cancelled() const { return object().state() == ConcurrentBase::cancelled; }
    bool running() const {
        const auto state = object().state();
        return state == ConcurrentBase::running || state == ConcurrentBase::setting;
    }
    bool done() const { return object().done(); }

    /// Calls `f(future)` at the end, on the thread that ends it; at once when it has ended. What `f` throws is reported.
    template <class F>
    void add_done_callback(F f) const {
        struct Callback final : ConcurrentCallback, Pooled {
            ConcurrentFuture future;
            F f;
            Callback(ConcurrentFuture source, F&& callable) : future(std::move(source)), f(std::move(callable)) {}
            void concluded() noexcept override {
                try {
                    f(std::move(future));
                } catch (...) {
                    report_callback_exception();
                }
                delete this;
            }
        };
        object().add_callback(*new Callback(*this, std::move(f)));
    }

    // For whoever made the future. What `Executor::submit` gave is the executor's to set: InvalidStateError.

    /// The work begins, and can no longer be cancelled. False: it was cancelled before.
    bool set_running_or_notify_cancel() const { return to_set().begin(); }
    /// Ends it, with what the result's constructor throws if it does: nobody waits for ever. Throws InvalidStateError if it has ended.
    template <class... U>
    void set_result(U&&... arguments) const {
        ConcurrentState<T>& state = claimed();
        try {
            state.emplace(std::forward<U>(arguments)...);
        } catch (...) {
            state.error = std::current_exception();
        }
        state.finish();
    }
    void set_exception(std::exception_ptr error) const {
        ConcurrentState<T>& state = claimed();
        state.error = std::move(error);
        state.finish();
    }
    template <class E>
        requires(!std::same_as<std::remove_cvref_t<E>, std::exception_ptr>)
    void set_exception(E&& error) const {
        set_exception(std::make_exception_ptr(std::forward<E>(error)));
    }

    ConcurrentState<T>* state() const noexcept { return state_; }
    /// What it stands for. Throws RuntimeError when it is empty.
    ConcurrentState<T>& object() const {
        if (!state_) [[unlikely]]
            throw_empty_concurrent_future();
        return *state_;
    }

private:
    ConcurrentState<T>& to_set() const {
        ConcurrentState<T>& state = object();
        if (state.is_job()) throw_set_by_executor();
        return state;
    }
    ConcurrentState<T>& claimed() const {
        ConcurrentState<T>& state = to_set();
        if (!state.claim()) throw InvalidStateError("the concurrent future has its result, or was cancelled");
        return state;
    }
    ConcurrentState<T>* state_;
};

}  // namespace hocket
