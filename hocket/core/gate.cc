// SPDX-License-Identifier: MIT
// The part of waiting that is rare: binding to a loop, cancels, and places that are destroyed under their waiters.
#include <hocket/core/gate.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/queue_growth.h>

#include <string>
#include <string_view>
#include <vector>

namespace hocket {

constinit std::atomic<QueueGrowthHook> queue_growth_hook = nullptr;

namespace {

// The primitive's name: what stands before the dot of `Queue.get`.
std::string name_of(const char* what) {
    const std::string_view text(what);
    return std::string(text.substr(0, text.find('.')));
}

std::size_t size_of(const WaitList& list) noexcept {
    if (list.empty()) return 0;
    std::size_t n = 1;
    for (const Node* w = list.front()->next; w != list.front(); w = w->next) ++n;
    return n;
}

// The await of `t` throws RuntimeError, unless a cancel comes first.
void tell(EventLoop& loop, TaskBase& t, const Shared<const std::string>& message) {
    loop.keep_message(t, message);
    t.flags |= f_throw | f_destroyed;
}

// Where tasks wait whose wait point was destroyed, until the next iteration: a run that ends in this one still cancels them quietly, as it
// does in Python, where the object would have lived on.
struct Forsaken final : Node, Pooled {
    WaitList waiters;
    Shared<const std::string> message;

    void run() override {
        while (!waiters.empty()) {
            auto& t = static_cast<TaskBase&>(*waiters.pop_front());
            tell(t.loop(), t, message);
            t.wake();
        }
        delete this;
    }
    void discard() noexcept override { delete this; }
    bool cancel_wait(TaskBase& t) noexcept override {
        waiters.remove(t);
        t.interrupt();
        return true;
    }
    void describe(AwaitDescription& to) const override { to.text = *message; }
};

}  // namespace

void WaitPoint::bind() {
    if (loop_mark_ != 0) throw RuntimeError(name_of(what_) + " is bound to a different event loop");
    loop_ = this_loop;
    loop_mark_ = loop_->mark();
}

void WaitPoint::check_thread() const {
    if (loop_ != this_loop) loop_->check_usable("what wakes a waiting task");
}

void WaitPoint::wake(std::size_t n) {
    if (has_waiters()) check_thread();
    for (; n > 0 && has_waiters(); --n) static_cast<TaskBase*>(waiters_.pop_front())->wake();
}

void WaitPoint::wake_all(std::uint16_t how) {
    if (!has_waiters()) return;
    check_thread();
    Waiter* const first = waiters_.front();
    Waiter* w = first;
    do {
        static_cast<TaskBase*>(w)->waiting = nullptr;
        w->flags |= how;
        w = static_cast<Waiter*>(w->next);
    } while (w != first);
    loop_->push_all(waiters_.take_all());
}

bool WaitPoint::cancel_wait(TaskBase& t) noexcept {
    waiters_.remove(t);
    t.interrupt();
    return true;
}

void WaitPoint::describe(AwaitDescription& to) const { to.text = what_; }

void WaitPoint::forsake() noexcept {
    EventLoop* const loop = this->loop();
    if (!loop) return;
    std::vector<TaskBase*> woken;
    for (TaskBase* t = last_woken_ ? loop->tasks : nullptr; t; t = t->older) {
        if (t->waiting == this && (t->flags & f_recheck)) woken.push_back(t);
    }
    const std::size_t n = woken.size() + size_of(waiters_);
    const auto message =
        Shared<const std::string>::make(name_of(what_) + " was destroyed while " +
                                        (n == 1 ? "1 task" : std::to_string(n) + " tasks") + " waited for it");
    for (TaskBase* t : woken) {
        t->waiting = nullptr;
        t->flags &= static_cast<std::uint16_t>(~f_recheck);
        if (!(t->flags & f_must_cancel)) tell(*loop, *t, message);
    }
    if (!has_waiters()) return;
    auto* const forsaken = new Forsaken;
    forsaken->message = message;
    while (has_waiters()) {
        auto& t = static_cast<TaskBase&>(*waiters_.pop_front());
        t.waiting = forsaken;
        forsaken->waiters.push_back(t);
    }
    loop->push(*forsaken);
}

void Gate::wake_next_from_outside() {
    check_thread();
    wake_front(*loop_);
}

void Gate::pass_on(const TaskBase& t) noexcept {
    arrived(t);
    if (!closed()) wake_next();
}

}  // namespace hocket
