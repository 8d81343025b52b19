// SPDX-License-Identifier: MIT
// The chains between concurrent futures and those of a loop.
#include <hocket/os/wrap_future.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/mailbox.h>

namespace hocket {

// ---- From a thread to a loop

ChainToLoop::ChainToLoop(EventLoop& loop, ConcurrentBase& source, FutureBase& target)
    : LoopResource(loop), source_(source), target_(&target), mailbox_(loop.mailbox()) {
    source_.share();
    target_->share();
    if (!loop.backend().real_time()) work_.emplace(loop, source.is_job());
}

ChainToLoop::~ChainToLoop() { source_.drop(); }

void ChainToLoop::begin() noexcept {
    target_->waiters.push_back(watch_);
    source_.add_callback(*this);
}

void ChainToLoop::concluded() noexcept {
    if (!mailbox_->post(*this)) drop();
}

void ChainToLoop::run() {
    if (target_) deliver();
    work_.reset();
    drop();
}

void ChainToLoop::discard() noexcept { drop(); }

// The source has ended, and the target has not been let go.
void ChainToLoop::deliver() noexcept {
    if (target_->done()) return;  // the watch is about to see it
    target_->waiters.remove(watch_);
    if (source_.state() == ConcurrentBase::cancelled) {
        target_->cancel();
    } else if (source_.error) {
        target_->fail(source_.error);
    } else {
        try {
            transfer(source_, *target_);
            target_->finish();
        } catch (...) {  // a copy or a move of the result threw
            target_->fail(std::current_exception());
        }
    }
    let_go();
    drop();  // the watch's
}

void ChainToLoop::let_go() noexcept { std::exchange(target_, nullptr)->drop(); }

void ChainToLoop::Watch::run() {
    if (chain.target_) {
        const bool cancelled = chain.target_->cancelled();
        chain.let_go();
        if (cancelled) chain.source_.cancel();
    }
    chain.drop();
}

void ChainToLoop::Watch::discard() noexcept { chain.drop(); }

void ChainToLoop::Watch::describe(AwaitDescription& to) const { to.text = chain.source_.description(); }

void ChainToLoop::loop_closing() noexcept {
    work_.reset();
    if (!target_) return;
    const bool watched = !target_->done();  // else the watch is in the ready queue
    if (watched) target_->waiters.remove(watch_);
    let_go();
    if (watched) drop();
}

// ---- From a loop to a thread

ChainToThread::ChainToThread(EventLoop& loop, FutureBase& source, ConcurrentBase& target)
    : source_(&source), target_(target), mailbox_(loop.mailbox()) {
    source_->share();
    target_.share();
    ++mailbox_->work_for_outside;
}

ChainToThread::~ChainToThread() { target_.drop(); }

void ChainToThread::begin() noexcept {
    source_->add_waiter(*this);
    target_.add_callback(*this);
}

void ChainToThread::run() {
    if (source_->cancelled()) {
        target_.cancel();
    } else if (target_.claim()) {
        source_->mark_retrieved();
        try {
            transfer(*source_, target_);
        } catch (...) {  // what the task ended with
            target_.error = std::current_exception();
        }
        target_.finish();
    }
    let_go();
    drop();
}

void ChainToThread::discard() noexcept {
    let_go();
    target_.cancel();
    drop();
}

void ChainToThread::let_go() noexcept {
    --mailbox_->work_for_outside;
    std::exchange(source_, nullptr)->drop();
}

void ChainToThread::concluded() noexcept {
    const bool cancelled = target_.state() == ConcurrentBase::cancelled;
    if (!cancelled || !mailbox_->post(mail_)) drop();
}

void ChainToThread::CancelMail::run() {
    if (chain.source_) chain.source_->cancel();
    chain.drop();
}

void ChainToThread::CancelMail::discard() noexcept { chain.drop(); }

}  // namespace hocket
