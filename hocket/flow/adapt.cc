// SPDX-License-Identifier: MIT
// The meeting of a task with a coroutine that another library resumes, on whatever thread.
#include <hocket/flow/adapt.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/mailbox.h>

namespace hocket {

bool ForeignRelayBase::start(TaskBase& t) {
    task_ = &t;
    mailbox_ = t.loop().mailbox();
    users_.store(2, std::memory_order_relaxed);  // the coroutine too, until it has ended
    frame_.resume();
    return state_.load(std::memory_order_acquire) == done;
}

bool ForeignRelayBase::wait(TaskBase& t, std::coroutine_handle<> h) noexcept {
    t.wait_on(*this, h);
    State expected = runs;
    if (state_.compare_exchange_strong(expected, awaited, std::memory_order_acq_rel)) return true;
    t.waiting = nullptr;
    return false;
}

void ForeignRelayBase::leave() noexcept {
    task_ = nullptr;
    drop();
}

void ForeignRelayBase::finished() noexcept {
    if (state_.exchange(done, std::memory_order_acq_rel) != awaited) return drop();
    if (this_loop && this_loop->mailbox() == mailbox_) return run();
    const Shared<Mailbox> mailbox = mailbox_;  // once posted, this may be freed at any time
    if (!mailbox->post(*this)) drop();
}

void ForeignRelayBase::run() {
    if (task_) task_->wake();
    drop();
}

void ForeignRelayBase::drop() noexcept {
    if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) frame_.destroy();
}

void ForeignRelayBase::describe(AwaitDescription& to) const { to.text = "an awaitable of another library"; }

}  // namespace hocket
