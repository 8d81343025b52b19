// SPDX-License-Identifier: MIT
// How futures come into the lists of futures, and out of them.
#include <hocket/flow/follow.h>

#include <hocket/core/await_graph.h>

#include <algorithm>

namespace hocket {

void Followed::run() {
    Follower& owner = *std::exchange(follower, nullptr);
    owner.ended(*this);
    owner.self_.drop();
}

void Followed::discard() noexcept { std::exchange(follower, nullptr)->self_.drop(); }

Follower::~Follower() {
    for (Followed& entry : *this) entry.drop_future();
}

void Follower::throw_empty() { throw RuntimeError("cannot wait for an empty handle: it was moved from, or never set"); }

bool Follower::check_futures() const {
    bool pending = true;
    for (const Followed& entry : *this) {
        if (entry.future->loop_id != self_.loop_id) throw ValueError("the futures belong to different loops");
        pending &= !entry.future->done();
    }
    return pending;
}

bool Follower::has_duplicates() const noexcept {
    bool found = false;
    for (Followed& entry : *this) {
        found |= (entry.future->flags & f_seen) != 0;
        entry.future->flags |= f_seen;
    }
    for (Followed& entry : *this) entry.future->flags &= static_cast<std::uint16_t>(~f_seen);
    return found;
}

void Follower::drop_duplicates() noexcept {
    std::uint32_t kept = 0;
    for (Followed& entry : *this) {
        FutureBase* f = std::exchange(entry.future, nullptr);
        if (f->flags & f_seen) {
            f->drop();
        } else {
            f->flags |= f_seen;
            followed_[kept++].future = f;
        }
    }
    count_ = kept;
    for (Followed& entry : *this) entry.future->flags &= static_cast<std::uint16_t>(~f_seen);
}

void Follower::unfollow() noexcept {
    for (Followed& entry : *this) {
        if (!entry.follower || entry.future->done()) continue;
        entry.future->waiters.remove(entry);
        entry.follower = nullptr;
        entry.drop_future();
        self_.drop();
    }
}

void Follower::describe_followed(AwaitDescription& to, const char* what, const Alarm* alarm) const {
    to.is_over = self_.done();
    for (const Followed& entry : *this) {
        if (entry.follower && !entry.future->done()) to.futures.push_back(entry.future);
    }
    to.text =
        std::string(what) + ", " + std::to_string(to.futures.size()) + " of " + std::to_string(count_) + " not done";
    if (!alarm || !alarm->armed()) return;
    const EventLoop& loop = self_.loop();
    to.text += ", " + seconds_text(std::max<std::int64_t>(loop.timers().when(*alarm) - loop.now(), 0)) + " s left";
}

void Alarm::set(Follower& owner, Duration after) {
    EventLoop& loop = owner.self_.loop();
    const std::int64_t when = loop.time_after(after).time_since_epoch().count();
    loop.add_timer(*this, loop.now(), when);
    follower = &owner;
    owner.self_.share();
}

void Alarm::stop() noexcept {
    if (!armed()) {
        flags |= f_cancelled;  // it may be due, and stand in the ready queue
        return;
    }
    Follower& owner = *std::exchange(follower, nullptr);
    owner.self_.loop().remove_timer(*this);
    owner.self_.drop();
}

void Alarm::run() {
    Follower& owner = *std::exchange(follower, nullptr);
    if (!(flags & f_cancelled)) owner.timed_out();
    owner.self_.drop();
}

void Alarm::discard() noexcept { std::exchange(follower, nullptr)->self_.drop(); }

std::exception_ptr exception_of(FutureBase& f) {
    if (f.cancelled()) return std::make_exception_ptr(CancelledError(f.loop().message_of(f)));
    f.mark_retrieved();
    return f.error;
}

}  // namespace hocket
