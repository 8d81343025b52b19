// SPDX-License-Identifier: MIT
// How the loop runs when it is watched: by debug mode, by an observer.
#include <hocket/core/event_loop.h>

#include <hocket/base/report.h>
#include <hocket/base/symbols.h>
#include <hocket/core/awaitable.h>
#include <hocket/core/future.h>
#include <hocket/core/loop_observer.h>
#include <hocket/core/task_base.h>

#include <string>

namespace hocket {

namespace {

const void* creation_site(const Node& n) {
    if (const auto* callback = dynamic_cast<const CallbackBase*>(&n)) return callback->created_at;
    if (const auto* callback = dynamic_cast<const DoneCallbackBase*>(&n)) return callback->created_at;
    return nullptr;
}

}  // namespace

void EventLoop::set_observer(LoopObserver* observer) noexcept {
    observer_ = observer;
    shown_end_ = ready_end_;
    set_watched(by_observer, observer != nullptr);
}

void EventLoop::show_woken() noexcept {
    if (observer_) {
        for (Node* n = *shown_end_; n; n = n->next) {
            if (n->flags & f_task) observer_->woken(static_cast<TaskBase&>(*n));
        }
    }
    shown_end_ = ready_end_;
}

EventLoop::WatchedStep EventLoop::begin_watched(TaskBase* t) noexcept {
    WatchedStep step;
    if (observer_) {
        show_woken();
        step.observer = observer_;
        observer_->begins(t);
    }
    if (get_debug()) {
        step.start = now();
        step.from = t ? promise_of(t->frame).pc : nullptr;
    }
    return step;
}

// The time that it took, if that is to be reported; else 0.
std::int64_t EventLoop::end_watched(TaskBase* t, const WatchedStep& step) noexcept {
    if (step.observer && step.observer == observer_) {
        observer_->ends(t, t && (t->flags & f_returned));
        show_woken();
    }
    if (step.start == WatchedStep::not_timed) return 0;
    const std::int64_t took = now() - step.start;
    return took > slow_callback_duration.count() ? took : 0;
}

void EventLoop::end_watched_step(TaskBase& t, const WatchedStep& step) noexcept {
    const std::int64_t took = end_watched(&t, step);
    if (took == 0) return;
    report("executing " + t.name() + " took " + seconds_text(took) + " seconds, from " + code_location(step.from) +
           " on");
}

void EventLoop::run_node_watched(Node& n) noexcept {
    const void* const created_at = get_debug() ? creation_site(n) : nullptr;  // n may be gone when it has run
    const WatchedStep step = begin_watched(nullptr);
    current = nullptr;
    n.run();
    const std::int64_t took = end_watched(nullptr, step);
    if (took == 0) return;
    report("executing a callback took " + seconds_text(took) + " seconds" +
           (created_at ? ", created at " + code_location(created_at) : ""));
}

void EventLoop::look_watched(std::int64_t deadline) noexcept {
    if (observer_) {
        show_woken();
        observer_->looks(!ready_);
    }
    look(deadline);
    if (observer_) {
        observer_->has_looked();
        show_woken();
    }
}

}  // namespace hocket
