// SPDX-License-Identifier: MIT
// When a wait ends.
#include <hocket/flow/wait.h>

#include <hocket/core/awaitable.h>

#include <new>

namespace hocket {

// The future that the waiting task awaits, its time limit, and its entries: one block.
class WaitBase::State final : public FutureBase, public Follower {
public:
    State(EventLoop& loop, Room room, ReturnWhen return_when) noexcept
        : FutureBase(loop), Follower(*this, this + 1, room), left_(room.futures), return_when_(return_when) {}

    static void* operator new(std::size_t size, Room room) { return allocate(size, room); }
    static void operator delete(State* state, std::destroying_delete_t) { Follower::destroy(state); }

    void start(const std::optional<Duration>& timeout) {
        check_futures();
        if (timeout) alarm_.set(*this, *timeout);
        for (Followed& entry : *this) enlist(entry);
    }
    void leave() noexcept {
        if (alarm_.follower) alarm_.stop();
        unfollow();
        drop();
    }
    void describe(AwaitDescription& to) const override { describe_followed(to, "wait", &alarm_); }

private:
    void ended(Followed& entry) noexcept override {
        --left_;
        const bool failure = return_when_ == FIRST_EXCEPTION && !entry.future->cancelled() && entry.future->failed();
        if (left_ > 0 && return_when_ != FIRST_COMPLETED && !failure) return;
        if (!done()) finish();
    }
    void timed_out() noexcept override {
        if (!done()) finish();
    }

    Alarm alarm_;
    std::size_t left_;
    ReturnWhen return_when_;
};

WaitBase::~WaitBase() {
    if (state_) state_->leave();
}

void WaitBase::prepare(std::size_t futures) {
    if (futures == 0) throw ValueError("wait: no tasks or futures are given");
    const Follower::Room room{futures};
    state_ = new (room) State(*this_loop, room, options_.return_when);
}

void WaitBase::add(const FutureHandle& future) { state_->add(FutureHandle(future)); }

void WaitBase::begin() { state_->start(options_.timeout); }

void WaitBase::await_suspend(AwaitingFrame h) noexcept {
    TaskBase& t = *this_loop->current;
    t.wait_on(*state_, h);
    state_->waiters.push_back(t);
    t.deliver_pending_cancel();
}

void WaitBase::end() {
    struct Leave {
        State* state;
        ~Leave() { state->leave(); }
    } leave{std::exchange(state_, nullptr)};
    resume_point();
    leave.state->check();
}

bool CancelAndWait::await_ready() {
    prepare(1);
    add(future_);
    begin();
    future_.cancel();
    return false;
}

}  // namespace hocket
