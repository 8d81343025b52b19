// SPDX-License-Identifier: MIT
// The event loop: a queue of what is ready, a heap of timers, and a backend that waits for the operating system.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/errors.h>
#include <hocket/base/function.h>
#include <hocket/base/here.h>
#include <hocket/base/owners.h>
#include <hocket/core/backend.h>
#include <hocket/core/context.h>
#include <hocket/core/handle.h>
#include <hocket/core/tick_clock.h>
#include <hocket/core/timer_heap.h>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace hocket {

class EventLoop;
class LoopObserver;
struct FutureBase;
struct TaskBase;
struct TaskOptions;
template <class T>
class Future;
template <class T>
class Task;
template <class T>
class Coro;
class AnyTask;

/// The loop that runs on this thread, or null.
HOCKET_EXPORT extern constinit thread_local EventLoop* this_loop [[gnu::tls_model("initial-exec")]];

/// What an exception handler is told (asyncio's `context` dictionary).
struct ErrorContext {
    std::string message;           ///< what went wrong, in words
    std::exception_ptr exception;  ///< may be null
    FutureBase* future = nullptr;  ///< the future or task concerned, if any; valid during the call
    AnyTask handle() const;  ///< the same as a handle, which may be kept; empty if there is none (defined in task.h)
};

/// Work that may make the loop go on though neither a timer nor an operation is pending: a job in an executor, a thread that will call
/// `call_soon_threadsafe`. In virtual time a loop that has nothing to wait for reports a deadlock; while one of these lives, it waits.
/// Any thread may destroy it.
class HOCKET_EXPORT OutsideWork {
public:
    /// `running`: it goes on by itself, as a thread does, so that virtual time stands meanwhile.
    explicit OutsideWork(EventLoop& loop, bool running = false);
    OutsideWork(OutsideWork&& other) noexcept;
    OutsideWork& operator=(OutsideWork&&) = delete;
    ~OutsideWork();

private:
    Shared<struct Mailbox> mailbox_;
    bool running_;
};

/// Something of a lower room that must end before the loop can close (an executor, a server's operations). Stands in the loop's list
/// until it is destroyed.
class HOCKET_EXPORT LoopResource {
public:
    LoopResource(const LoopResource&) = delete;
    LoopResource& operator=(const LoopResource&) = delete;
    /// The program's work is done, and the loop still runs for a while: the time to let threads end. `finished` tells when.
    virtual void begin_shutdown() noexcept {}
    virtual bool finished() const noexcept { return true; }
    /// The loop closes: nothing of it may be used when this returns. Called at most once, in reverse order of creation.
    virtual void loop_closing() noexcept = 0;
    /// For one that called `stay` in `loop_closing`: the tasks are gone, and other threads can no longer reach the loop.
    virtual void loop_closed() noexcept {}

protected:
    void stay(EventLoop& loop) noexcept;
    explicit LoopResource(EventLoop& loop) noexcept;
    virtual ~LoopResource();

private:
    friend class EventLoop;
    EventLoop* loop_;
    LoopResource *older_, *newer_;
};

/// Takes the signals that arrived for a loop (hocket/io/signals.h).
class HOCKET_EXPORT SignalReceiver {
public:
    /// `mask`: bit N is set for signal N.
    virtual void signals_arrived(std::uint64_t mask) noexcept = 0;
    /// Whether the program has a handler; that of a Runner for Ctrl-C is none.
    virtual bool is_used() const noexcept = 0;

protected:
    ~SignalReceiver() = default;
};

/// asyncio's event loop: runs callbacks and tasks of one thread, first in, first out.
///
/// One iteration: what was ready at its start runs; then completions are taken from the backend, then due timers, for the next.
/// Not thread-safe but for `call_soon_threadsafe`; in debug mode, calls from a wrong thread throw RuntimeError.
class HOCKET_EXPORT EventLoop {
public:
    explicit EventLoop(Unique<Backend> backend);
    /// Closes the loop, if `close` was not called.
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Runs until `stop`. Throws RuntimeError when a loop runs on this thread already or this one is closed; KeyboardInterrupt and
    /// SystemExit when a task or callback threw them; RuntimeError in virtual time when every task waits and nothing can wake one.
    void run_forever();
    /// Runs one iteration, which waits no longer than `timeout`: to live inside another loop, beside `fileno`.
    void run_once(Duration timeout);
    /// A descriptor for another loop to wait for: from the first call on it is readable when `run_once` has something to do, but for due
    /// timers, so wait no longer than until `next_timer`. What is called from outside `run_once`, such as `call_soon`, is seen by the next
    /// one. -1 in virtual time. Throws RuntimeError when another loop runs on this thread.
    int fileno();
    /// When the first timer is due; nothing where there is none.
    std::optional<TimePoint> next_timer() const noexcept;
    /// Runs until `task` is done; its result (defined in task.h). Throws RuntimeError if the loop was stopped before.
    template <class T>
    T run_until_complete(Task<T> task);
    template <class T>
    T run_until_complete(Future<T> future);
    template <class T>
    T run_until_complete(Coro<T> coro);
    void run_until_complete(const AnyTask& task);
    /// Ends `run_forever` after the current iteration; what became ready meanwhile stays for the next run. Called before
    /// `run_forever`, it makes that run one iteration which does not wait.
    void stop() noexcept { attention_.stop = true; }
    /// Frees what the loop holds; tasks that are not done are reported and destroyed. Harmless when closed already; throws RuntimeError
    /// while the loop runs.
    void close();
    bool is_running() const noexcept { return running_; }
    bool is_closed() const noexcept { return closed_; }

    /// Runs `f()` in the next iteration, in a copy of the current context, or in the one given.
    template <class F>
    Handle call_soon(F f, CallOptions options = {});
    template <class F>
    Handle call_later(Duration delay, F f, CallOptions options = {});
    template <class F>
    Handle call_at(TimePoint when, F f, CallOptions options = {});
    /// The same as `call_soon`, from any thread; on others than the loop's, `f` sees copies of the caller's context variables. Throws
    /// RuntimeError when the loop is closed. What another thread posts is ahead of every later `call_soon`, but not of a task or waiter that
    /// becomes ready otherwise in the same iteration.
    template <class F>
    void call_soon_threadsafe(F f);

    TimePoint time() const noexcept { return TimePoint(TimePoint::duration(now())); }
    /// `time() + delay`, cut to the last point that a TimePoint can hold.
    TimePoint time_after(Duration delay) const noexcept;

    template <class T>
    Future<T> create_future();
    template <class T>
    Task<T> create_task(Coro<T> coro, const TaskOptions& options);
    template <class T>
    Task<T> create_task(Coro<T> coro);

    using ExceptionHandler = Function<void(EventLoop&, const ErrorContext&)>;
    /// Replaces what is done with errors that have no one to go to; an empty handler restores the default, a report.
    void set_exception_handler(ExceptionHandler handler);
    /// Reports `context` in words, with where the task was created and what the exception says.
    void default_exception_handler(const ErrorContext& context) noexcept;
    /// Calls the handler. An exception that the handler throws is reported with the original by the default handler.
    void call_exception_handler(const ErrorContext& context) noexcept;

    /// Debug mode: calls from a wrong thread throw, and callbacks and steps of tasks that take longer than `slow_callback_duration` are
    /// reported. The environment variable HOCKET_DEBUG (not empty, not 0) switches it on for every loop.
    void set_debug(bool on) noexcept { set_watched(by_debug, on); }
    bool get_debug() const noexcept { return attention_.watched & by_debug; }
    /// Tasks that are ready at the same time run in an order that the backend chooses, in place of the order in which they became ready.
    /// For simulations.
    void set_shuffle(bool on) noexcept { attention_.shuffle = on; }
    Duration slow_callback_duration = std::chrono::milliseconds(100);

    /// Whether `create_task` runs a task's first step at once (asyncio's eager_task_factory).
    bool eager_tasks = false;

    Backend& backend() noexcept { return *backend_; }
    std::uint8_t id() const noexcept { return id_; }
    /// No other loop of the process has or had it. Its last byte is the id.
    std::uint64_t mark() const noexcept { return mark_; }
    /// From the next iteration on it sees what the loop runs; null: nobody does. It belongs to the caller.
    void set_observer(LoopObserver* observer) noexcept;
    LoopObserver* observer() const noexcept { return observer_; }
    /// The thread that runs it, as `gettid` tells; 0: none does.
    int thread_id() const noexcept { return thread_id_; }

    // What tasks, awaiters and lower rooms build on.

    TaskBase* current = nullptr;   // the task that runs
    ContextSlot callback_context;  // of what runs outside tasks
    TaskBase* tasks = nullptr;     // all that are not done, the newest first
    std::uintptr_t tasks_created = 0;
    std::exception_ptr raised;  // on its way from a frame to the one that awaits it; no other code runs meanwhile
#if HOCKET_TRAMPOLINE
    std::coroutine_handle<> next_frame;
#endif

    void push(Node& n) noexcept {
        n.next = nullptr;
        *ready_end_ = &n;
        ready_end_ = &n.next;
    }
    void push_all(Waiter* last) noexcept {  // as WaitList::take_all gives them
        *ready_end_ = last->next;
        ready_end_ = &last->next;
        last->next = nullptr;
    }
    std::int64_t now() const noexcept { return backend_->now(); }
    /// Whether an iteration would have nothing to run but what the backend and the timers have by now.
    bool idle() const noexcept { return !ready_ && __atomic_load_n(mail_, __ATOMIC_RELAXED) == 0; }
    /// Whether something is ready, in this iteration or for the next.
    bool has_ready() const noexcept { return ready_ || batch_; }
    /// How often the loop has asked its backend what has completed: as long as that does not change, it has heard of nothing more.
    std::uint64_t looks() const noexcept { return looks_; }
    void add_timer(Timer& t, std::int64_t now, std::int64_t when);
    void remove_timer(Timer& t) noexcept { timers_.remove(t); }
    const TimerHeap& timers() const noexcept { return timers_; }
    /// Runs iterations until `done()`, from inside a callback or a step of this loop.
    void run_nested(bool (*done)(void*), void* argument);
    /// Runs the first step of a task now, inside the caller's.
    void step_eagerly(TaskBase& t) noexcept;
    /// Ends the run with an exception, after the current callback.
    void escape(std::exception_ptr e) noexcept;
    /// A callback threw `e`: the exception handler learns it, or the run ends, and the loop goes on.
    void callback_failed(const char* message, std::exception_ptr e) noexcept;
    /// The context for what this loop is to run: a copy of the current one, if none is given. Where the loop does not run here, another
    /// thread may run it: then the copy shares no values with the caller's.
    ContextSlot context_for(const Context* given = nullptr) const {
        if (given) return given->slot();
        return this_loop == this ? current_context().copy() : current_context().detached();
    }
    /// Throws RuntimeError when the loop is closed or, in debug mode, when this is not its thread.
    void check_usable(const char* call) const {
        if (get_debug() || closed_) [[unlikely]]
            check_usable_slowly(call);
    }
    const Shared<Mailbox>& mailbox() const noexcept { return mailbox_; }
    SignalReceiver* signal_receiver = nullptr;
    LoopResource* default_executor = nullptr;      // hocket/os/executor.h
    struct GatherCancel* gather_cancel = nullptr;  // hocket/flow/gather.cc: the cancel that is under way
    LoopResource* network = nullptr;               // hocket/net/socket.h
    /// Lets every resource begin its shutdown; `shutdown_finished` tells when all are done.
    void begin_shutdown() noexcept;
    bool shutdown_finished() const noexcept;
    void post(Node& n);  // from any thread
    /// The live loop with this id, or null. Any thread.
    static EventLoop* with_id(std::uint8_t id) noexcept;
    /// The loop with this mark if it lives, or null. Any thread; another than the loop's has to know that it goes on living.
    static EventLoop* with_mark(std::uint64_t mark) noexcept {
        EventLoop* const loop = with_id(static_cast<std::uint8_t>(mark));
        return loop && loop->mark_ == mark ? loop : nullptr;
    }

    // Messages of cancellations, which are rare: kept here, so that futures need no room for them.
    void keep_message(FutureBase& f, Shared<const std::string> message);
    Shared<const std::string> message_of(const FutureBase& f) const noexcept;
    void drop_message(const FutureBase& f) noexcept;

private:
    friend class LoopResource;
    friend struct LayoutOfLoop;
    class Running;
    struct Rare;

    template <bool watched>
    void step(TaskBase& t) noexcept;
    template <bool watched>
    void run_batch() noexcept;
    bool only_ready() const noexcept;
    void iterate(std::int64_t deadline) noexcept;
    void shuffle_ready();
    void run_node(Node& n) noexcept;
    void wait(std::int64_t deadline) noexcept;
    std::int64_t virtual_deadline(std::int64_t deadline) noexcept;
    void ask(std::int64_t deadline) noexcept;
    void look_at_clock() noexcept;
    void set_clock_due(std::int64_t now) noexcept;
    void wake_embedder() noexcept;
    void check_usable_slowly(const char* call) const;
    void end_run();

    // What is watched (event_loop_watched.cc).
    struct WatchedStep {
        static constexpr std::int64_t not_timed = INT64_MIN;
        LoopObserver* observer = nullptr;
        std::int64_t start = not_timed;
        const void* from = nullptr;
    };
    WatchedStep begin_watched(TaskBase* t) noexcept;
    std::int64_t end_watched(TaskBase* t, const WatchedStep& step) noexcept;
    void end_watched_step(TaskBase& t, const WatchedStep& step) noexcept;
    void run_node_watched(Node& n) noexcept;
    void look_watched(std::int64_t deadline) noexcept;
    void look(std::int64_t deadline) noexcept;
    void show_woken() noexcept;
    void set_watched(std::uint8_t by, bool on) noexcept {
        attention_.watched = static_cast<std::uint8_t>((attention_.watched & ~by) | (on ? by : 0));
    }
    void take_mail() noexcept;
    void return_batch() noexcept;

    Node* ready_ = nullptr;
    Node** ready_end_ = &ready_;
    Node* batch_ = nullptr;  // what is left of the current iteration
    Unique<Backend> backend_;
    TimerHeap timers_;
    const std::uint32_t* mail_;  // not zero: the mailbox is not empty

    // Until `clock_due_` no timer is due and no poll is, so that a busy loop need not read the clock.
    TickClock tick_clock_;
    TickClock::Mark clock_due_;
    TickClock::Mark asking_due_;  // the same for the next call to a backend that must be asked

    // What an iteration has to look at beside what is ready; one word, read in each.
    struct Attention {
        bool stop = false;
        std::uint8_t watched = 0;  // by whom; what is watched runs in a slower way
        bool timers = false, shuffle = false;
    };
    static constexpr std::uint8_t by_debug = 1, by_observer = 2;
    Attention attention_;
    bool running_ = false;
    bool closed_ = false;
    bool embedded_ = false;  // another loop waits for `fileno`
    std::uint8_t id_ = 0;
    int thread_id_ = 0;
    std::uint64_t mark_ = 0;
    std::uint64_t looks_ = 0;
    std::exception_ptr escaped_;
    EventLoop* const* thread_ = nullptr;  // the address of `this_loop` on the thread that runs it
    Shared<Mailbox> mailbox_;
    LoopResource* resources_ = nullptr;
    LoopResource* staying_ = nullptr;  // while it closes
    Unique<Rare> rare_;
    LoopObserver* observer_ = nullptr;
    Node** shown_end_ = &ready_;  // the observer knows what is ready up to here
};

/// The loop that runs on this thread; throws RuntimeError when none does.
inline EventLoop& get_running_loop();
[[noreturn]] HOCKET_EXPORT void throw_no_running_loop();

EventLoop& get_running_loop() {
    if (!this_loop) [[unlikely]]
        throw_no_running_loop();
    return *this_loop;
}

template <class F>
HOCKET_INLINE Handle EventLoop::call_soon(F f, CallOptions options) {
    check_usable("call_soon");
    if (__atomic_load_n(mail_, __ATOMIC_RELAXED)) [[unlikely]]
        take_mail();  // what another thread has posted by now is ahead of this
    auto* callback = new Callback<F>(context_for(options.context), std::move(f), here());
    Handle handle(*callback);
    callback->loop_id = id_;
    push(*callback);
    return handle;
}

template <class F>
HOCKET_INLINE Handle EventLoop::call_at(TimePoint when, F f, CallOptions options) {
    check_usable("call_at");
    auto* callback = new Callback<F>(context_for(options.context), std::move(f), here());
    Handle handle(*callback);
    callback->when = when;
    callback->loop_id = id_;
    add_timer(*callback, now(), when.time_since_epoch().count());
    return handle;
}

template <class F>
HOCKET_INLINE Handle EventLoop::call_later(Duration delay, F f, CallOptions options) {
    return call_at(time_after(delay), std::move(f), options);
}

template <class F>
HOCKET_INLINE void EventLoop::call_soon_threadsafe(F f) {
    if (this_loop == this) {
        call_soon(std::move(f));
    } else {
        post(*new Callback<F>(current_context().detached(), std::move(f), here()));
    }
}

}  // namespace hocket
