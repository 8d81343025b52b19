// SPDX-License-Identifier: MIT
// How a group follows its children, aborts, and ends: asyncio 3.13's rules for who is cancelled and what is thrown.
#include <hocket/flow/task_group.h>

#include <hocket/base/errors.h>
#include <hocket/base/exception_group.h>
#include <hocket/core/await_graph.h>

#include <string>

namespace hocket {

// ---- Children

void GroupChild::run() {
    TaskBase* const t = task;
    if (group) {
        TaskGroup& g = *group;
        g.remove(*this);
        g.child_done(*t);
    }
    t->drop();  // this is a part of it
}

void GroupChild::discard() noexcept {
    if (group) group->remove(*this);
    task->drop();
}

void TaskGroup::start(TaskBase& task, GroupChild& child, const TaskOptions& options) noexcept {
    start_task(parent_.loop(), task, options);
    if (task.done()) return child_done(task);  // it was eager
    task.share();
    child.group = this;
    child.task = &task;
    child.older = last_;
    (last_ ? last_->newer : first_) = &child;
    last_ = &child;
    ++size_;
    task.add_waiter(child);
}

void TaskGroup::remove(GroupChild& child) noexcept {
    (child.older ? child.older->newer : first_) = child.newer;
    (child.newer ? child.newer->older : last_) = child.older;
    child.group = nullptr;
    --size_;
}

void TaskGroup::child_done(TaskBase& task) noexcept {
    if (size_ == 0 && waiting_) {
        waiting_ = false;
        parent_.wake();
    }
    if (task.cancelled()) return;
    std::exception_ptr error = task.exception();
    if (!error) return;
    if (ends_the_loop(error) && !base_error_) base_error_ = error;
    errors_.push_back(std::move(error));
    if (aborting_ || parent_cancel_requested_) return;
    // The parent may be anywhere in the body: its wait there ends too. `end` takes this cancel back.
    abort();
    parent_cancel_requested_ = true;
    parent_.cancel();
}

void TaskGroup::abort() noexcept {
    aborting_ = true;
    for (GroupChild* child = first_; child; child = child->newer) child->task->cancel();
}

void TaskGroup::throw_refused() const {
    throw RuntimeError(exiting_ && size_ == 0 ? "TaskGroup is finished: it takes no more tasks"
                                              : "TaskGroup is shutting down: it takes no more tasks");
}

// The loop was closed under the group: its children, if they still run, run on alone.
TaskGroup::~TaskGroup() {
    while (first_) remove(*first_);
}

// ---- The end of the block

void TaskGroup::begin_exit(const std::exception_ptr& body_error) noexcept {
    exiting_ = true;
    if (!body_error) return;
    if (ends_the_loop(body_error) && !base_error_) base_error_ = body_error;
    if (is_cancelled(body_error)) cancellation_ = body_error;
    if (!aborting_) abort();
}

void TaskGroup::wait(std::coroutine_handle<> h) noexcept {
    waiting_ = true;
    parent_.wait_on(*this, h);
    parent_.deliver_pending_cancel();
}

bool TaskGroup::cancel_wait(TaskBase& task) noexcept {
    waiting_ = false;
    task.interrupt();
    return true;
}

// A cancel of the parent is passed to the children and kept; it never ends the wait for them.
void TaskGroup::take_cancel() {
    if (!(parent_.flags & f_throw)) return;
    try {
        resume_point(parent_);
    } catch (const CancelledError&) {
        if (aborting_) return;
        cancellation_ = std::current_exception();
        abort();
    }
}

void TaskGroup::end(const std::exception_ptr& body_error) {
    if (base_error_) std::rethrow_exception(base_error_);
    if (parent_cancel_requested_) parent_.uncancel();  // there are errors then, so no CancelledError is thrown below
    if (cancellation_ && errors_.empty()) std::rethrow_exception(cancellation_);
    if (body_error && !is_cancelled(body_error)) errors_.push_back(body_error);
    if (errors_.empty()) return;
    // A cancel from outside is still due, though the errors are what is thrown: the next await throws it.
    if (parent_.cancelling() > 0) {
        parent_.uncancel();
        parent_.cancel();
    }
    throw ExceptionGroup("unhandled errors in a TaskGroup", std::move(errors_));
}

void TaskGroup::describe(AwaitDescription& to) const {
    to.text = "TaskGroup, " + std::to_string(size_) + (size_ == 1 ? " task left" : " tasks left");
    for (GroupChild* child = first_; child; child = child->newer) to.futures.push_back(child->task);
}

}  // namespace hocket
