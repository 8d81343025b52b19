// SPDX-License-Identifier: MIT
// The life of futures and tasks: waiting, finishing, cancelling, and what is said of those that end badly.
#include <hocket/core/task_base.h>

#include <hocket/base/report.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/awaitable.h>
#include <hocket/core/future.h>
#include <hocket/core/gate.h>

#include <cstring>
#include <new>

namespace hocket {

namespace {

constexpr std::uint16_t without(std::uint16_t flags, std::uint16_t some) {
    return static_cast<std::uint16_t>(flags & ~some);
}

std::uintptr_t make_label(std::string_view name) {
    auto* text = static_cast<char*>(FramePool::allocate(name.size() + 1));
    std::memcpy(text, name.data(), name.size());
    text[name.size()] = 0;
    return reinterpret_cast<std::uintptr_t>(text);
}

}  // namespace

// ---- Futures

EventLoop& FutureBase::loop_elsewhere() const {
    if (EventLoop* loop = EventLoop::with_id(loop_id)) return *loop;
    throw RuntimeError("Event loop is closed");
}

void FutureBase::add_waiter(Waiter& w) {
    if (done()) {
        loop().push(w);
    } else {
        waiters.push_back(w);
    }
}

void FutureBase::finish(std::uint16_t how) noexcept {
    flags = static_cast<std::uint16_t>(flags | f_done | how);
    if (!waiters.empty()) {
        EventLoop* loop = this_loop;
        if (!loop || loop->id() != loop_id || (flags & f_callbacks)) [[unlikely]] {
            wake_slowly(waiters);
        } else {
            loop->push_all(waiters.take_all());
        }
    }
    new (&error) std::exception_ptr();
}

void FutureBase::wake_slowly(WaitList& list) noexcept {
    EventLoop* loop = EventLoop::with_id(loop_id);
    if (!loop) return discard_all(list);
    Waiter* last = list.take_all();
    if (flags & f_callbacks) {  // from here on they keep this alive
        Waiter* w = last;
        do {
            w = static_cast<Waiter*>(w->next);
            if (auto* callback = dynamic_cast<DoneCallbackBase*>(w)) callback->hold();
        } while (w != last);
    }
    loop->push_all(last);
}

// No loop will run them any more, or nobody will make this done.
void FutureBase::discard_all(WaitList& list) noexcept {
    while (!list.empty()) list.pop_front()->discard();
}

void FutureBase::fail(std::exception_ptr e) noexcept {
    finish(f_unretrieved);
    error = std::move(e);
}

// One who cancels what is done is told so, and has looked at how it ended: as in asyncio.
bool FutureBase::cancel(Shared<const std::string> message) noexcept {
    mark_retrieved();
    if (done()) return false;
    if (message) [[unlikely]] {
        if (EventLoop* loop = EventLoop::with_id(loop_id)) loop->keep_message(*this, std::move(message));
    }
    finish(f_cancelled);
    return true;
}

bool FutureBase::cancel_wait(TaskBase& task) noexcept {
    return cancel(task.flags & f_message ? loop().message_of(task) : nullptr);
}

void check_other_thread(std::uint8_t loop_id, const char* call) {
    if (const EventLoop* loop = EventLoop::with_id(loop_id)) loop->check_usable(call);
}

void FutureBase::require_pending() const {
    if (done()) throw InvalidStateError("the future is done already");
}

void FutureBase::throw_outcome() const {
    if (cancelled()) {
        EventLoop* const loop = flags & f_message ? EventLoop::with_id(loop_id) : nullptr;
        throw loop ? CancelledError(loop->message_of(*this)) : CancelledError();
    }
    if (!done()) throw InvalidStateError("Result is not set.");
    mark_retrieved();
    if (error) std::rethrow_exception(error);
    throw InvalidStateError("the future has neither result nor exception");
}

std::exception_ptr FutureBase::exception() const {
    if (cancelled()) throw_outcome();
    if (!done()) throw InvalidStateError("Exception is not set.");
    mark_retrieved();
    return error;
}

void FutureBase::check_awaitable(const TaskBase& t) const {
    if (static_cast<const FutureBase*>(&t) == this) throw RuntimeError("a task cannot await itself: " + t.name());
    if (loop_id != t.loop_id) throw RuntimeError(t.name() + " awaits a future that belongs to a different loop");
}

void FutureBase::forget_message() noexcept {
    if (EventLoop* loop = EventLoop::with_id(loop_id)) loop->drop_message(*this);
}

void FutureBase::dispose() noexcept {
    if (flags & f_unretrieved) {
        const bool task = flags & f_task;
        ErrorContext context{task ? "Task exception was never retrieved" : "Future exception was never retrieved",
                             error, this};
        refs = 1;  // while the handler looks
        if (EventLoop* loop = this_loop ? this_loop : EventLoop::with_id(loop_id)) {
            loop->call_exception_handler(context);
        } else {
            report(error_text(context));
        }
        if (--refs > 0) {  // the handler kept it
            mark_retrieved();
            return;
        }
    }
    delete this;
}

// ---- Tasks

TaskBase::TaskBase(EventLoop& loop, std::coroutine_handle<> root, const TaskOptions& options, const void* where)
    : FutureBase(loop),
      frame(root),
      older(loop.tasks),
      context(!options.context && loop.current ? loop.current->context.copy() : loop.context_for(options.context)),
      label(++loop.tasks_created << 1 | 1),
      created_at(where) {
    flags = f_task | f_first;
    refs = 2;  // the loop's and the handle's
    if (!options.name.empty()) [[unlikely]]
        label = make_label(options.name);
    if (older) older->newer = this;
    loop.tasks = this;
}

void TaskBase::free_label() noexcept {
    auto* text = reinterpret_cast<char*>(label);
    FramePool::release(text, std::strlen(text) + 1);
}

std::string TaskBase::name() const {
    return label & 1 ? "Task-" + std::to_string(label >> 1) : std::string(reinterpret_cast<const char*>(label));
}

void TaskBase::set_name(std::string_view name) {
    const std::uintptr_t label_now = make_label(name);
    if (!(label & 1)) free_label();
    label = label_now;
}

// A task that waits for a task hands the cancel down to that one, and so on: in a loop, since the chain may be long, or a circle.
bool TaskBase::cancel(Shared<const std::string> message) noexcept {
    mark_retrieved();
    if (done()) return false;
    TaskBase* last = this;
    TaskBase* awaited = nullptr;
    std::size_t handed_down = 0;
    for (;;) {
        last->count_cancel(message);
        last->flags |= f_cancelling;
        awaited = last->waiting && !(last->flags & f_recheck) ? dynamic_cast<TaskBase*>(last->waiting) : nullptr;
        if (!awaited || awaited->done() || (awaited->flags & f_cancelling)) break;
        last = awaited;
        ++handed_down;
    }
    if (awaited && (awaited->flags & f_cancelling)) {  // a circle: each waits for the other, and nobody else can end it
        awaited->waiters.remove(*last);
        last->interrupt();
    } else if (!last->waiting || (last->flags & f_recheck) || !last->waiting->cancel_wait(*last)) {
        last->flags |= f_must_cancel;
    }
    TaskBase* t = this;
    for (;; t = static_cast<TaskBase*>(t->waiting)) {
        t->flags = without(t->flags, f_cancelling);
        if (handed_down-- == 0) return true;
    }
}

void TaskBase::count_cancel(const Shared<const std::string>& message) noexcept {
    if (cancels < 255) ++cancels;
    const bool under_way =
        (flags & (f_throw | f_destroyed)) == f_throw;  // a cancel is: it is thrown with its own message
    flags = without(flags, f_destroyed);
    if (under_way) return;
    if (message) [[unlikely]] {
        loop().keep_message(*this, message);
    } else if (flags & f_message) {
        loop().drop_message(*this);
    }
}

void TaskBase::cancel_leaf() noexcept {
    if (waiting->cancel_wait(*this)) flags = without(flags, f_must_cancel);
}

bool TaskBase::prepare() noexcept {
    if (flags & f_first) {  // it never runs its body
        flags = without(flags, f_must_cancel | f_first);
        frame.destroy();
        conclude(f_cancelled);
        return false;
    }
    if (flags & f_recheck) static_cast<Gate*>(waiting)->pass_on(*this);
    flags = without(flags, f_must_cancel | f_recheck);
    const auto* awaited = dynamic_cast<const FutureBase*>(waiting);
    if (!awaited || !awaited->cancelled()) flags |= f_throw;  // a future that was cancelled throws by itself
    if (awaited) awaited->mark_retrieved();                   // its outcome was on its way
    return true;
}

HOCKET_INLINE void TaskBase::leave_loop() noexcept {
    (newer ? newer->older : loop().tasks) = older;
    if (older) older->newer = newer;
}

void TaskBase::conclude(std::uint16_t how) noexcept {
    leave_loop();
    finish(how);
    if (!(how & f_unretrieved)) context = ContextSlot();  // else an exception handler may still have to see it
    this_loop->current = nullptr;                         // what goes with the task must not find it
    drop();
}

void TaskBase::conclude_raised(std::coroutine_handle<> root) noexcept {
    EventLoop& loop = this->loop();
    std::exception_ptr e = std::exchange(loop.raised, {});
    root.destroy();
    if (const CancelledError* cancelled = cancelled_error(e)) {
        if (cancelled->shared_message()) {
            loop.keep_message(*this, cancelled->shared_message());
        } else if (flags & f_message) {
            loop.drop_message(*this);
        }
        return conclude(f_cancelled);
    }
    share();
    const bool ends = ends_the_loop(e);
    conclude(f_unretrieved);
    error = e;
    if (ends) {
        mark_retrieved();
        loop.escape(std::move(e));
    }
    drop();
}

std::coroutine_handle<> TaskBase::root() const noexcept {
    std::coroutine_handle<> h = frame;
    while (promise_of(h).parent) h = promise_of(h).parent;
    return h;
}

// What holds an inner frame, an object in an outer one, finds a husk.
void TaskBase::destroy_frames_below(std::coroutine_handle<> outer) noexcept {
    while (frame != outer) {
        void* const inner = frame.address();
        frame = promise_of(frame).parent;
        FramePool::hollow(inner, [](void* h) { std::coroutine_handle<>::from_address(h).destroy(); });
    }
}

void TaskBase::abandon() noexcept {
    destroy_frames_below(root());
    frame.destroy();
    leave_loop();
    finish(f_cancelled);
    context = ContextSlot();
    drop();
}

void throw_cancelled(TaskBase& t) {
    auto message = t.loop().message_of(t);
    t.loop().drop_message(t);
    const bool destroyed = t.flags & f_destroyed;
    t.flags = without(t.flags, f_throw | f_destroyed);
    if (destroyed) throw RuntimeError(*message);
    throw CancelledError(std::move(message));
}

}  // namespace hocket
