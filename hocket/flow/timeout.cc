// SPDX-License-Identifier: MIT
// How a time limit passes.
#include <hocket/flow/timeout.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/awaitable.h>

#include <string>

namespace hocket {

TimeoutState::TimeoutState(TaskBase& task, std::int64_t now, std::int64_t when) noexcept
    : task_(task), when_(when), cancelling_at_entry_(task.cancelling()) {
    refs = 1;
    schedule(now);
}

std::optional<TimePoint> TimeoutState::when() const noexcept {
    if (when_ == never) return std::nullopt;
    return TimePoint(TimePoint::duration(when_));
}

// One that is in the ready queue stays there: `run` looks at the time once more.
void TimeoutState::schedule(std::int64_t now) {
    if (when_ == never || scheduled_) return;
    EventLoop& loop = task_.loop();
    if (when_ <= now) {
        loop.push(*this);
    } else {
        loop.add_timer(*this, now, when_);
    }
    scheduled_ = true;
    share();
}

void TimeoutState::unschedule() noexcept {
    if (!armed()) return;
    task_.loop().remove_timer(*this);
    scheduled_ = false;
    drop();
}

void TimeoutState::reschedule(std::optional<TimePoint> when) {
    static constexpr const char* names[] = {"active", "expiring", "expired", "finished"};
    if (stage_ != Stage::active) {
        throw RuntimeError(std::string("cannot reschedule a timeout that is ") + names[static_cast<int>(stage_)]);
    }
    unschedule();
    when_ = when ? when->time_since_epoch().count() : never;
    schedule(task_.loop().now());
}

void TimeoutState::run() {
    scheduled_ = false;
    if (stage_ == Stage::active) {
        const std::int64_t now = this_loop->now();
        if (when_ <= now) {
            stage_ = Stage::expiring;
            task_.cancel();
        } else {
            schedule(now);
        }
    }
    drop();
}

void TimeoutState::discard() noexcept { drop(); }

void TimeoutState::describe(AwaitDescription& to) const {
    if (stage_ == Stage::active) to.futures.push_back(&task_);
}

bool TimeoutState::leave() noexcept {
    if (stage_ == Stage::active) {
        unschedule();
        stage_ = Stage::finished;
        return false;
    }
    stage_ = Stage::expired;
    return task_.uncancel() <= cancelling_at_entry_;
}

void TimeoutState::forsake() noexcept {
    if (stage_ != Stage::active) return;
    unschedule();
    stage_ = Stage::finished;
}

void Timeout::reschedule(std::optional<TimePoint> when) const {
    if (!state_) throw RuntimeError("cannot reschedule an empty Timeout");
    state_->reschedule(when);
}

std::int64_t TimeLimit::point(std::int64_t now) const noexcept {
    if (kind_ == Kind::none) return TimeoutState::never;
    if (kind_ == Kind::point) return value_;
    std::int64_t when = 0;
    return __builtin_add_overflow(now, value_, &when) ? (value_ > 0 ? TimeoutState::never : INT64_MIN) : when;
}

void TimeoutScope::enter(const TimeLimit& limit) {
    const std::int64_t now = this_loop->now();
    timeout_ = Timeout(new TimeoutState(*this_loop->current, now, limit.point(now)));
}

bool TimeoutScope::leave() noexcept {
    if (!timeout_.state_) return false;
    const bool ours = timeout_.state_->leave();
    timeout_ = Timeout();
    return ours;
}

void TimeoutScope::replace_cancellation() {
    if (!is_cancelled(this_loop->raised)) return;
    this_loop->raised = nullptr;
    throw TimeoutError();
}

}  // namespace hocket
