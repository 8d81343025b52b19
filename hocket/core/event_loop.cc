// SPDX-License-Identifier: MIT
// The loop's work: iterations, steps of tasks, time, runs. Its life is in event_loop_life.cc.
#include <hocket/core/event_loop.h>

#include <hocket/base/thread_id.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/awaitable.h>
#include <hocket/core/gate.h>
#include <hocket/core/loop_observer.h>
#include <hocket/core/mailbox.h>
#include <hocket/core/task_base.h>

#include <pthread.h>
#include <unistd.h>
#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

namespace hocket {

constinit thread_local EventLoop* this_loop = nullptr;

namespace {

constexpr std::int64_t clock_interval = 1'000'000;  // ns: how stale the clock may become in a busy loop
constexpr std::int64_t asking_interval = 50'000;    // ns: how long a busy loop leaves an epoll backend unasked

}  // namespace

// ---- One iteration

void EventLoop::run_node(Node& n) noexcept {
    current = nullptr;
    n.run();
}

template <bool watched>
HOCKET_INLINE void EventLoop::step(TaskBase& t) noexcept {
    current = &t;
    if (const int special = t.flags & (f_must_cancel | f_recheck | f_first); special != 0) {
        if (special == f_recheck) {
            if (Gate::waits_again(t)) return;
        } else if (special == f_first) {
            t.flags &= static_cast<std::uint16_t>(~f_first);
        } else {
            if (watched && (special & f_first) && observer_) observer_->never_begins(t);
            if (!t.prepare()) return;
        }
    }
    const WatchedStep step = watched ? begin_watched(&t) : WatchedStep();
    t.waiting = nullptr;
#if HOCKET_TRAMPOLINE
    next_frame = t.frame;
    do std::exchange(next_frame, {}).resume();
    while (next_frame);
#else
    t.frame.resume();
#endif
    if (watched) end_watched_step(t, step);
    if (t.flags & f_returned) t.harvest();
}

// Runs what was ready when it began; what is added from there on waits for the next iteration.
template <bool watched>
HOCKET_INLINE void EventLoop::run_batch() noexcept {
    Node* n = std::exchange(ready_, nullptr);
    ready_end_ = &ready_;
    if (watched) shown_end_ = &ready_;
    while (n) {
        Node* const rest = batch_ = n->next;
        if (n->flags & f_task) [[likely]] {
            step<watched>(static_cast<TaskBase&>(*n));
        } else if (watched) {
            run_node_watched(*n);
        } else {
            run_node(*n);
        }
        if (batch_ != rest) [[unlikely]]  // put back, to run in another iteration
            break;
        n = rest;
    }
}

// An iteration has nothing to do but to run what is ready.
HOCKET_INLINE bool EventLoop::only_ready() const noexcept {
    const Backend& backend = *backend_;
    return ready_ && (std::bit_cast<std::uint32_t>(attention_) | __atomic_load_n(mail_, __ATOMIC_RELAXED)) == 0 &&
           !backend.has_news() && !backend.must_be_asked();
}

void EventLoop::iterate(std::int64_t deadline) noexcept {
    current = nullptr;
    if (attention_.watched) [[unlikely]] {
        look_watched(deadline);
        if (attention_.shuffle) shuffle_ready();
        run_batch<true>();
    } else {
        look(deadline);
        if (attention_.shuffle) shuffle_ready();
        run_batch<false>();
    }
}

// Makes ready what has completed and what is due; waits if nothing is ready.
void EventLoop::look(std::int64_t deadline) noexcept {
    if (!ready_) {
        wait(deadline);
    } else if (backend_->has_news() || __atomic_load_n(mail_, __ATOMIC_RELAXED)) {
        wait(0);
    }
    if ((!timers_.empty() || backend_->must_be_asked()) && clock_due_.passed()) look_at_clock();
    attention_.timers = !timers_.empty();
}

// Tasks change places with each other; callbacks, whose order is promised, stay.
void EventLoop::shuffle_ready() {
    std::vector<Node*> all, tasks_left;
    for (Node* n = ready_; n; n = n->next) {
        all.push_back(n);
        if (n->flags & f_task) tasks_left.push_back(n);
    }
    if (tasks_left.size() < 2) return;
    ready_ = nullptr;
    ready_end_ = &ready_;
    for (Node* n : all) {
        if (n->flags & f_task) {
            const auto i = backend_->choose(static_cast<std::uint32_t>(tasks_left.size()));
            n = tasks_left[i];
            tasks_left.erase(tasks_left.begin() + static_cast<std::ptrdiff_t>(i));
        }
        push(*n);
    }
}

// Completions that only a call can see, then due timers, as in asyncio.
void EventLoop::look_at_clock() noexcept {
    if (backend_->must_be_asked() && asking_due_.passed()) ask(0);
    const std::int64_t now = this->now();
    while (!timers_.empty() && timers_.first() <= now) push(*timers_.pop());
    if (backend_->real_time()) tick_clock_.learn(now);
    set_clock_due(now);
}

void EventLoop::set_clock_due(std::int64_t now) noexcept {
    std::int64_t distance = backend_->must_be_asked() ? asking_interval : clock_interval;
    if (!timers_.empty()) distance = std::min(distance, timers_.first() - now);
    clock_due_ = tick_clock_.after(distance);
}

void EventLoop::add_timer(Timer& t, std::int64_t now, std::int64_t when) {
    timers_.push(
        t, std::clamp(when, INT64_MIN / 2, Backend::forever - 1));  // so that differences of times do not overflow
    attention_.timers = true;
    if (t.position == 0) set_clock_due(now);
}

void EventLoop::ask(std::int64_t deadline) noexcept {
    ++looks_;
    backend_->poll(deadline);
    if (backend_->must_be_asked()) asking_due_ = tick_clock_.after(asking_interval);
}

// Waits for the backend, at most until `deadline` or the first timer; 0: only looks.
void EventLoop::wait(std::int64_t deadline) noexcept {
    if (deadline > 0) {
        if (!timers_.empty()) deadline = std::min(deadline, timers_.first());
        if (attention_.stop) deadline = 0;
        clock_due_ = {};
    }
    if (deadline > 0 && !backend_->real_time()) deadline = virtual_deadline(deadline);
    if (deadline > 0 && !mailbox_->begin_wait()) deadline = 0;
    ask(deadline);
    mailbox_->end_wait();
    if (mailbox_->full.load(std::memory_order_acquire)) take_mail();
}

// Virtual time does not pass while work runs outside, unless a thread may wait for a task of this loop; where nothing at all can wake the
// loop, that is an error.
std::int64_t EventLoop::virtual_deadline(std::int64_t deadline) noexcept {
    if (deadline <= now()) return deadline;
    if (mailbox_->time_stands()) return Backend::forever;
    if (deadline < Backend::forever || mailbox_->outside_work.load() > 0 || backend_->pending() > 0 ||
        mailbox_->full.load() != 0)
        return deadline;
    escape(std::make_exception_ptr(
        RuntimeError("deadlock: every task waits, and no timer, operation or other thread can wake one\n" +
                     format_call_graph(*this))));
    return 0;
}

void EventLoop::take_mail() noexcept {
    for (Node* n = mailbox_->take(); n;) {
        Node* first = std::exchange(n, n->next);
        push(*first);
    }
    if (const std::uint64_t mask = mailbox_->signals.exchange(0); mask && signal_receiver)
        signal_receiver->signals_arrived(mask);
}

void EventLoop::escape(std::exception_ptr e) noexcept {
    if (!escaped_) escaped_ = std::move(e);
    attention_.stop = true;
    return_batch();
}

// Puts what is left of the current iteration back: it runs first in the next.
void EventLoop::return_batch() noexcept {
    if (!batch_) return;
    show_woken();
    Node* last = batch_;
    while (last->next) last = last->next;
    last->next = ready_;
    if (!ready_) ready_end_ = &last->next;
    ready_ = std::exchange(batch_, nullptr);
    shown_end_ = ready_end_;
}

// ---- Runs

// This loop is the thread's, for as long as this lives.
class EventLoop::Running {
public:
    explicit Running(EventLoop& loop) : loop_(loop) {
        if (loop.closed_) throw RuntimeError("Event loop is closed");
        if (loop.running_) throw RuntimeError("This event loop is already running");
        if (this_loop) throw RuntimeError("Cannot run the event loop while another loop is running");
        this_loop = &loop;
        loop.running_ = true;
        loop.thread_ = &this_loop;
        loop.thread_id_ = this_thread_id();
        loop.mailbox_->running.store(true, std::memory_order_relaxed);
    }
    ~Running() {
        loop_.current = nullptr;
        loop_.running_ = false;
        loop_.mailbox_->running.store(false, std::memory_order_relaxed);
        loop_.thread_id_ = 0;
        loop_.thread_ = nullptr;
        this_loop = nullptr;
    }

private:
    EventLoop& loop_;
    static const int renewed_in_children;
};

// The child of a fork that goes on with its loop has another thread for it: its first, whose number is the process's.
const int EventLoop::Running::renewed_in_children = pthread_atfork(nullptr, nullptr, [] {
    if (this_loop) this_loop->thread_id_ = getpid();
});

void EventLoop::end_run() {
    attention_.stop = false;
    if (escaped_) std::rethrow_exception(std::exchange(escaped_, {}));
}

void EventLoop::run_forever() {
    {
        const Running running(*this);
        do {
            iterate(Backend::forever);
            while (only_ready()) run_batch<false>();
        } while (!attention_.stop);
        if (embedded_) wake_embedder();
    }
    end_run();
}

void EventLoop::run_once(Duration timeout) {
    {
        const Running running(*this);
        iterate(timeout.count() > 0 ? time_after(timeout).time_since_epoch().count() : 0);
        if (embedded_) wake_embedder();
    }
    end_run();
}

int EventLoop::fileno() {
    if (backend_->fileno() < 0) return -1;
    embedded_ = true;
    if (!running_) {
        const Running running(*this);
        ask(0);  // a ring watches for wakes from its first poll on
        wake_embedder();
    }
    return backend_->fileno();
}

// Whoever waits for `fileno` learns of what is to be done already, of what completes, and of what other threads post from here on.
void EventLoop::wake_embedder() noexcept {
    current = nullptr;
    for (int polls = 0; polls < 2 && backend_->has_news(); ++polls) ask(0);  // hands over what was submitted
    if (!mailbox_->begin_wait() || ready_ || backend_->has_news()) backend_->wake();
}

std::optional<TimePoint> EventLoop::next_timer() const noexcept {
    if (timers_.empty()) return std::nullopt;
    return TimePoint(TimePoint::duration(timers_.first()));
}

void EventLoop::run_nested(bool (*done)(void*), void* argument) {
    check_usable("nested_run");
    if (this_loop != this) throw RuntimeError("nested_run needs the loop that runs on this thread");
    TaskBase* const outer = current;
    if (outer) outer->flags |= f_interposed;
    std::exception_ptr raised_outside = std::exchange(raised, {});
    ContextSlot outer_context = std::exchange(callback_context, current_context().copy());
    return_batch();                                     // what it holds may be what the inner run waits for
    bool stop = std::exchange(attention_.stop, false);  // is for the outer run: this one goes on, and waits
    while (!done(argument) && !escaped_) {
        iterate(Backend::forever);
        stop |= std::exchange(attention_.stop, false);
    }
    attention_.stop = stop;
    if (outer) outer->flags &= static_cast<std::uint16_t>(~f_interposed);
    current = outer;
    raised = std::move(raised_outside);
    callback_context = std::move(outer_context);
    if (escaped_) std::rethrow_exception(escaped_);
}

void EventLoop::step_eagerly(TaskBase& t) noexcept {
    TaskBase* const outer = current;
    if (outer) outer->flags |= f_interposed;
    std::exception_ptr raised_outside = std::exchange(raised, {});
#if HOCKET_TRAMPOLINE
    const std::coroutine_handle<> outer_next = next_frame;
#endif
    if (attention_.watched) {
        step<true>(t);
    } else {
        step<false>(t);
    }
#if HOCKET_TRAMPOLINE
    next_frame = outer_next;
#endif
    raised = std::move(raised_outside);
    if (outer) outer->flags &= static_cast<std::uint16_t>(~f_interposed);
    current = outer;
}

// ---- Time

TimePoint EventLoop::time_after(Duration delay) const noexcept {
    return TimePoint(TimePoint::duration(hocket::time_after(now(), delay.count())));
}

// ---- Callbacks

void run_callback(Node& callback, ContextSlot& context, void (*invoke)(Node&), const char* failure) noexcept {
    EventLoop& loop = *this_loop;
    std::swap(loop.callback_context, context);
    try {
        invoke(callback);
    } catch (...) {
        loop.callback_failed(failure, std::current_exception());
    }
    std::swap(loop.callback_context, context);
}

void CallbackBase::run() {
    if (!(flags & f_cancelled)) {
        flags |= f_done;
        run_callback(*this, context, [](Node& n) { static_cast<CallbackBase&>(n).invoke(); }, "Exception in callback");
    }
    drop();
}

void CallbackBase::cancel() {
    if (!this_loop || this_loop->id() != loop_id) check_other_thread(loop_id, "cancel");
    if (std::exchange(flags, static_cast<std::uint16_t>(flags | f_cancelled)) & (f_cancelled | f_done)) return;
    clear();
    if (armed()) {
        EventLoop::with_id(loop_id)->remove_timer(*this);
        drop();
    }
}

}  // namespace hocket
