// SPDX-License-Identifier: MIT
// The loop: iterations, steps, time, threads, and how it ends.
#include <hocket/core/event_loop.h>

#include <hocket/base/report.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/awaitable.h>
#include <hocket/core/gate.h>
#include <hocket/core/mailbox.h>
#include <hocket/core/task_base.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hocket {

constinit thread_local EventLoop* this_loop = nullptr;

Backend::~Backend() = default;

struct EventLoop::Rare {
    Shared<ExceptionHandler> exception_handler;
    std::unordered_map<const FutureBase*, Shared<const std::string>> messages;
};

namespace {

constexpr std::int64_t gate_distance = 1'000'000;  // ns: how stale the clock may become in a busy loop
constexpr std::int64_t asking_distance = 50'000;   // ns: how long a busy loop leaves an epoll backend unasked

std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    std::uint64_t value;
    asm volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#else
    return ~std::uint64_t{0};
#endif
}

std::uint64_t this_thread_mark() noexcept { return reinterpret_cast<std::uintptr_t>(&this_loop); }

bool debug_from_environment() noexcept {
    const char* value = std::getenv("HOCKET_DEBUG");
    return value && *value && std::string_view(value) != "0";
}

// Loops by their number. Numbers are given in turn, so that one is not soon used again; a process with more live loops than there are
// numbers shares them: checks that tell loops apart may then miss, and what finds its loop by number outside a run (a future, a handle's
// cancel) may find another.
struct LoopTable {
    std::mutex mutex;
    std::array<std::atomic<EventLoop*>, 256> loops{};
    unsigned last = 0;
    std::uint64_t added = 0;

    std::uint64_t add(EventLoop& loop) {  // gives its mark
        const std::lock_guard lock(mutex);
        for (unsigned tries = 0; tries < 255; ++tries) {
            last = last % 255 + 1;
            if (!loops[last].load(std::memory_order_relaxed)) break;
        }
        loops[last].store(&loop, std::memory_order_release);
        return ++added << 8 | last;
    }
    void remove(EventLoop& loop) {
        const std::lock_guard lock(mutex);
        if (loops[loop.id()].load(std::memory_order_relaxed) == &loop)
            loops[loop.id()].store(nullptr, std::memory_order_release);
    }
    static LoopTable& get() {
        static LoopTable* table = new LoopTable;  // never destroyed: loops may end after static destructors
        return *table;
    }
};

}  // namespace

void throw_no_running_loop() { throw RuntimeError("no running event loop"); }

EventLoop* EventLoop::with_id(std::uint8_t id) noexcept {
    EventLoop* loop = this_loop;
    if (loop && loop->id_ == id) return loop;
    return LoopTable::get().loops[id].load(std::memory_order_acquire);
}

EventLoop::EventLoop(Unique<Backend> backend)
    : backend_(std::move(backend)), mailbox_(Shared<Mailbox>::make()), rare_(Unique<Rare>::make()) {
    debug_ = debug_from_environment();
    mailbox_->backend = backend_.get();
    static_assert(sizeof(mailbox_->full) == sizeof(*mail_));
    mail_ = reinterpret_cast<const std::uint32_t*>(&mailbox_->full);
    first_tick_ = ticks();
    first_time_ = now();
    mark_ = LoopTable::get().add(*this);
    id_ = static_cast<std::uint8_t>(mark_);
}

EventLoop::~EventLoop() {
    if (!closed_) close();
    LoopTable::get().remove(*this);
}

// ---- One iteration

void EventLoop::run_node(Node& n) noexcept {
    current = nullptr;
    n.run();
}

template <bool debug>
HOCKET_INLINE void EventLoop::step(TaskBase& t) noexcept {
    current = &t;
    if (t.flags & (f_must_cancel | f_recheck)) [[unlikely]] {
        if (t.flags & f_must_cancel ? !t.prepare() : Gate::waits_again(t)) return;
    }
    t.flags &= static_cast<std::uint16_t>(~f_first);
    const std::int64_t start = debug ? now() : 0;
    t.waiting = nullptr;
#if HOCKET_TRAMPOLINE
    next_frame = t.frame;
    do std::exchange(next_frame, {}).resume();
    while (next_frame);
#else
    t.frame.resume();
#endif
    if (debug) {
        if (const std::int64_t took = now() - start; took > slow_callback_duration.count()) report_slow(&t, took);
    }
    if (t.flags & f_returned) t.harvest();
}

template <bool debug>
HOCKET_INLINE void EventLoop::iterate(std::int64_t deadline) noexcept {
    if (ready_) {
        if (backend_->has_news() || __atomic_load_n(mail_, __ATOMIC_RELAXED)) [[unlikely]]
            wait(0);
    } else {
        wait(deadline);
    }
    if ((!timers_.empty() || backend_->must_be_asked()) && ticks() >= gate_) pass_gate();
    Node* n = std::exchange(ready_, nullptr);  // the snapshot: what is added from here on waits for the next iteration
    ready_end_ = &ready_;
    while (n) {
        Node* const rest = batch_ = n->next;
        if (n->flags & f_task) [[likely]] {
            step<debug>(static_cast<TaskBase&>(*n));
        } else if (debug) {
            const std::int64_t start = now();
            run_node(*n);
            if (const std::int64_t took = now() - start; took > slow_callback_duration.count())
                report_slow(nullptr, took);
        } else {
            run_node(*n);
        }
        if (batch_ != rest) [[unlikely]]  // put back, to run in another iteration
            break;
        n = rest;
    }
    current = nullptr;
}

// Due timers, and completions that only a call can see: completions first, as in asyncio.
void EventLoop::pass_gate() noexcept {
    if (backend_->must_be_asked() && ticks() >= asking_gate_) ask(0);
    const std::int64_t now = this->now();
    const std::uint64_t tick = ticks();
    while (!timers_.empty() && timers_.first() <= now) push(*timers_.pop());
    if (backend_->real_time() && now - first_time_ >= 1'000'000) {
        ticks_per_ns_ = static_cast<double>(tick - first_tick_) / static_cast<double>(now - first_time_) * (63.0 / 64);
    }
    set_gate(tick, now);
}

void EventLoop::set_gate(std::uint64_t tick, std::int64_t now) noexcept {
    std::int64_t distance = backend_->must_be_asked() ? asking_distance : gate_distance;
    if (!timers_.empty() && timers_.first() - now < distance)
        distance = timers_.first() > now ? timers_.first() - now : 0;
    gate_ = tick + static_cast<std::uint64_t>(static_cast<double>(distance) * ticks_per_ns_);
}

void EventLoop::add_timer(Timer& t, std::int64_t now, std::int64_t when) {
    timers_.push(
        t, std::clamp(when, INT64_MIN / 2, Backend::forever - 1));  // so that differences of times do not overflow
    if (t.position == 0) set_gate(ticks(), now);
}

void EventLoop::ask(std::int64_t deadline) noexcept {
    backend_->poll(deadline);
    if (backend_->must_be_asked()) asking_gate_ = ticks() + static_cast<std::uint64_t>(asking_distance * ticks_per_ns_);
}

// Waits for the backend, at most until `deadline` or the first timer; 0: only looks.
void EventLoop::wait(std::int64_t deadline) noexcept {
    if (deadline > 0) {
        if (!timers_.empty() && timers_.first() < deadline) deadline = timers_.first();
        if (stopping_) deadline = 0;
        if (deadline == Backend::forever && !backend_->real_time() && backend_->pending() == 0 &&
            mailbox_->outside_work.load() == 0 && mailbox_->full.load() == 0) {
            return report_deadlock();
        }
    }
    if (deadline > 0 && !mailbox_->begin_wait()) deadline = 0;
    ask(deadline);
    mailbox_->end_wait();
    if (mailbox_->full.load(std::memory_order_acquire)) take_mail();
}

void EventLoop::take_mail() noexcept {
    for (Node* n = mailbox_->take(); n;) {
        Node* first = std::exchange(n, n->next);
        push(*first);
    }
    if (const std::uint64_t mask = mailbox_->signals.exchange(0); mask && signal_receiver)
        signal_receiver->signals_arrived(mask);
}

void EventLoop::begin_shutdown() noexcept {
    for (LoopResource* r = resources_; r; r = r->older_) r->begin_shutdown();
}

bool EventLoop::shutdown_finished() const noexcept {
    for (const LoopResource* r = resources_; r; r = r->older_) {
        if (!r->finished()) return false;
    }
    return true;
}

void EventLoop::report_deadlock() {
    escape(std::make_exception_ptr(
        RuntimeError("deadlock: every task waits, and no timer, operation or other thread can wake one\n" +
                     format_call_graph(*this))));
}

void EventLoop::escape(std::exception_ptr e) noexcept {
    if (!escaped_) escaped_ = std::move(e);
    stopping_ = true;
    return_batch();
}

// Puts what is left of the current iteration back: it runs first in the next.
void EventLoop::return_batch() noexcept {
    if (!batch_) return;
    Node* last = batch_;
    while (last->next) last = last->next;
    last->next = ready_;
    if (!ready_) ready_end_ = &last->next;
    ready_ = std::exchange(batch_, nullptr);
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
        loop.thread_ = this_thread_mark();
    }
    ~Running() {
        loop_.running_ = false;
        loop_.thread_ = 0;
        this_loop = nullptr;
    }

private:
    EventLoop& loop_;
};

void EventLoop::end_run() {
    stopping_ = false;
    if (escaped_) std::rethrow_exception(std::exchange(escaped_, {}));
}

void EventLoop::run_forever() {
    {
        const Running running(*this);
        do {
            if (debug_) {
                iterate<true>(Backend::forever);
            } else {
                iterate<false>(Backend::forever);
            }
        } while (!stopping_);
    }
    end_run();
}

void EventLoop::run_once(Duration timeout) {
    {
        const Running running(*this);
        const std::int64_t deadline = timeout.count() > 0 ? time_after(timeout).time_since_epoch().count() : 0;
        if (debug_) {
            iterate<true>(deadline);
        } else {
            iterate<false>(deadline);
        }
    }
    end_run();
}

void EventLoop::run_nested(bool (*done)(void*), void* argument) {
    check_usable("nested_run");
    if (this_loop != this) throw RuntimeError("nested_run needs the loop that runs on this thread");
    TaskBase* const outer = current;
    if (outer) outer->flags |= f_interposed;
    std::exception_ptr raised_outside = std::exchange(raised, {});
    ContextSlot outer_context = std::exchange(callback_context, current_context().copy());
    return_batch();                               // what it holds may be what the inner run waits for
    bool stop = std::exchange(stopping_, false);  // is for the outer run: this one goes on, and waits
    while (!done(argument) && !escaped_) {
        if (debug_) {
            iterate<true>(Backend::forever);
        } else {
            iterate<false>(Backend::forever);
        }
        stop |= std::exchange(stopping_, false);
    }
    stopping_ = stop;
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
    step<false>(t);
#if HOCKET_TRAMPOLINE
    next_frame = outer_next;
#endif
    raised = std::move(raised_outside);
    if (outer) outer->flags &= static_cast<std::uint16_t>(~f_interposed);
    current = outer;
}

// ---- Time, threads, errors

TimePoint EventLoop::time_after(Duration delay) const noexcept {
    std::int64_t when = 0;
    if (__builtin_add_overflow(now(), delay.count(), &when)) when = delay.count() > 0 ? INT64_MAX - 1 : INT64_MIN;
    return TimePoint(TimePoint::duration(when));
}

void EventLoop::check_usable_slowly(const char* call) const {
    if (closed_) throw RuntimeError("Event loop is closed");
    if (thread_ != 0 && thread_ != this_thread_mark()) {
        throw RuntimeError(std::string(call) +
                           " was called from another thread than the loop's: use call_soon_threadsafe");
    }
}

void EventLoop::post(Node& n) {
    if (mailbox_->post(n)) return;
    n.discard();
    throw RuntimeError("Event loop is closed");
}

void EventLoop::report_slow(const TaskBase* t, std::int64_t took) noexcept {
    std::string text = (t ? "executing " + t->name() : std::string("executing a callback")) + " took ";
    text += std::to_string(took / 1'000'000'000) + "." + std::to_string(1000 + took / 1'000'000 % 1000).substr(1) +
            " seconds";
    report(text);
}

void EventLoop::callback_failed(const char* message, std::exception_ptr e) noexcept {
    if (ends_the_loop(e)) return escape(std::move(e));
    call_exception_handler({message, std::move(e)});
}

void EventLoop::set_exception_handler(ExceptionHandler handler) {
    rare_->exception_handler = handler ? Shared<ExceptionHandler>::make(std::move(handler)) : nullptr;
}

void EventLoop::default_exception_handler(const ErrorContext& context) noexcept { report(error_text(context)); }

void EventLoop::call_exception_handler(const ErrorContext& context) noexcept {
    const Shared<ExceptionHandler> handler = rare_->exception_handler;  // which may replace itself
    if (!handler) return default_exception_handler(context);
    // The handler sees the context variables of the task that failed, if it is one.
    ContextSlot& slot = current_context();
    const bool task = context.future && (context.future->flags & f_task);
    ContextSlot outer =
        task ? std::exchange(slot, static_cast<TaskBase*>(context.future)->context.copy()) : ContextSlot();
    try {
        (*handler)(*this, context);
    } catch (...) {
        std::exception_ptr e = std::current_exception();
        if (ends_the_loop(e)) {
            escape(std::move(e));
        } else {
            default_exception_handler({"Unhandled error in exception handler: " + error_text(context), std::move(e)});
        }
    }
    if (task) slot = std::move(outer);
}

void EventLoop::keep_message(FutureBase& f, Shared<const std::string> message) {
    rare_->messages[&f] = std::move(message);
    f.flags |= f_message;
}

Shared<const std::string> EventLoop::message_of(const FutureBase& f) const noexcept {
    const auto found = rare_->messages.find(&f);
    return found == rare_->messages.end() ? nullptr : found->second;
}

void EventLoop::drop_message(const FutureBase& f) noexcept {
    rare_->messages.erase(&f);
    const_cast<FutureBase&>(f).flags &= static_cast<std::uint16_t>(~f_message);
}

// ---- The end

void EventLoop::close() {
    if (running_) throw RuntimeError("Cannot close a running event loop");
    if (closed_) return;
    EventLoop* const outer = std::exchange(this_loop, this);  // destructors of frames look for it
    while (resources_) {
        LoopResource* newest = resources_;
        resources_ = newest->older_;
        if (resources_) resources_->newer_ = nullptr;
        newest->loop_ = nullptr;
        newest->loop_closing();
    }
    const auto discard_ready = [this] {
        ready_end_ = &ready_;
        for (Node* n = std::exchange(ready_, nullptr); n;) {
            Node* discarded = std::exchange(n, n->next);
            if (!(discarded->flags & f_task)) discarded->discard();
        }
    };
    // What the kernel still works on for a pending task is ended before the task's memory goes.
    for (TaskBase* t = tasks; t; t = t->older) {
        call_exception_handler({"Task was destroyed but it is pending!", nullptr, t});
        if (t->waiting && !(t->flags & f_recheck)) t->waiting->cancel_wait(*t);
    }
    while (backend_->pending() > 0) backend_->poll(Backend::forever);
    discard_ready();  // due timers stand in the frames of those who sleep
    // The frames go first: until the last is gone, a task may stand in another's list of waiters, or in the ready queue.
    std::vector<TaskBase*> abandoned;
    while (tasks) {
        tasks->share();
        abandoned.push_back(tasks);
        tasks->abandon();
    }
    take_mail();
    discard_ready();
    for (TaskBase* t : abandoned) t->drop();
    while (!timers_.empty()) timers_.pop()->discard();
    callback_context = ContextSlot();
    closed_ = true;
    LoopTable::get().remove(*this);
    for (Node* n = mailbox_->close(); n;) {
        Node* first = std::exchange(n, n->next);
        first->discard();
    }
    while (staying_) {
        LoopResource* last = staying_;
        staying_ = last->older_;
        last->loop_closed();
    }
    discard_ready();  // what the destructors of the others left
    this_loop = outer;
}

LoopResource::LoopResource(EventLoop& loop) noexcept : loop_(&loop), older_(loop.resources_), newer_(nullptr) {
    if (older_) older_->newer_ = this;
    loop.resources_ = this;
}

void LoopResource::stay(EventLoop& loop) noexcept {
    older_ = loop.staying_;
    loop.staying_ = this;
}

LoopResource::~LoopResource() {
    if (!loop_) return;
    (newer_ ? newer_->older_ : loop_->resources_) = older_;
    if (older_) older_->newer_ = newer_;
}

OutsideWork::OutsideWork(EventLoop& loop) : mailbox_(loop.mailbox()) { ++mailbox_->outside_work; }

OutsideWork::OutsideWork(OutsideWork&& other) noexcept : mailbox_(std::move(other.mailbox_)) {}

OutsideWork::~OutsideWork() {
    if (!mailbox_ || --mailbox_->outside_work > 0) return;
    mailbox_->wake();
}

// ---- Callbacks

void CallbackBase::run() {
    EventLoop& loop = *this_loop;
    if (!(flags & f_cancelled)) {
        flags |= f_done;
        std::swap(loop.callback_context, context);
        try {
            invoke();
        } catch (...) {
            loop.callback_failed("Exception in callback", std::current_exception());
        }
        std::swap(loop.callback_context, context);
    }
    drop();
}

void CallbackBase::cancel() noexcept {
    if (std::exchange(flags, static_cast<std::uint16_t>(flags | f_cancelled)) & (f_cancelled | f_done)) return;
    clear();
    if (armed()) {
        EventLoop::with_id(loop_id)->remove_timer(*this);
        drop();
    }
}

}  // namespace hocket
