// SPDX-License-Identifier: MIT
// The loop's life: how it begins, what other threads and errors do to it, how it ends.
#include <hocket/base/report.h>
#include <hocket/base/symbols.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/future.h>
#include <hocket/core/loop_table_internal.h>
#include <hocket/core/mailbox.h>
#include <hocket/core/task_base.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hocket {

Backend::~Backend() = default;

struct EventLoop::Rare {
    Shared<ExceptionHandler> exception_handler;
    std::unordered_map<const FutureBase*, Shared<const std::string>> messages;
};

namespace {

bool debug_from_environment() noexcept {
    const char* value = std::getenv("HOCKET_DEBUG");
    return value && *value && std::string_view(value) != "0";
}

}  // namespace

void throw_no_running_loop() { throw RuntimeError("no running event loop"); }

EventLoop* EventLoop::with_id(std::uint8_t id) noexcept {
    EventLoop* loop = this_loop;
    if (loop && loop->id_ == id) return loop;
    return loop_table.loops[id].load(std::memory_order_acquire);
}

EventLoop::EventLoop(Unique<Backend> backend)
    : backend_(std::move(backend)), mailbox_(Shared<Mailbox>::make()), rare_(Unique<Rare>::make()) {
    set_debug(debug_from_environment());
    {
        const std::lock_guard lock(mailbox_->mutex);  // those who visit all mailboxes may look at it by now
        mailbox_->backend = backend_.get();
    }
    static_assert(sizeof(mailbox_->full) == sizeof(*mail_));
    mail_ = reinterpret_cast<const std::uint32_t*>(&mailbox_->full);
    if (backend_->real_time()) tick_clock_.learn(now());
    mark_ = loop_table.add(*this);
    id_ = static_cast<std::uint8_t>(mark_);
}

EventLoop::~EventLoop() {
    if (!closed_) close();
    loop_table.remove(*this);
}

// ---- Threads and errors

void EventLoop::check_usable_slowly(const char* call) const {
    if (closed_) throw RuntimeError("Event loop is closed");
    if (thread_ && thread_ != &this_loop) {
        throw RuntimeError(std::string(call) +
                           " was called from another thread than the loop's: use call_soon_threadsafe");
    }
}

void EventLoop::post(Node& n) {
    if (mailbox_->post(n)) return;
    n.discard();
    throw RuntimeError("Event loop is closed");
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

// ---- What must end with it

void EventLoop::begin_shutdown() noexcept {
    for (LoopResource* r = resources_; r; r = r->older_) r->begin_shutdown();
}

bool EventLoop::shutdown_finished() const noexcept {
    for (const LoopResource* r = resources_; r; r = r->older_) {
        if (!r->finished()) return false;
    }
    return true;
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
    loop_table.remove(*this);
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

OutsideWork::OutsideWork(EventLoop& loop, bool running) : mailbox_(loop.mailbox()), running_(running) {
    ++mailbox_->outside_work;
    if (running_) ++mailbox_->running_work;
}

OutsideWork::OutsideWork(OutsideWork&& other) noexcept
    : mailbox_(std::move(other.mailbox_)), running_(other.running_) {}

OutsideWork::~OutsideWork() {
    if (!mailbox_) return;
    const bool last_running = running_ && --mailbox_->running_work == 0;
    const bool last = --mailbox_->outside_work == 0;
    if (last || last_running) mailbox_->wake();
}

}  // namespace hocket
