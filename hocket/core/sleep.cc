// SPDX-License-Identifier: MIT
// The timers of sleeping tasks.
#include <hocket/core/sleep.h>

#include <hocket/core/await_graph.h>

#include <new>

namespace hocket {

void SleepTimer::run() {
    if (task) task->wake();
}

// The timer may be due already and stand in the ready queue. Then it runs, and does nothing, before the task does.
bool SleepTimer::cancel_wait(TaskBase& t) noexcept {
    if (armed()) t.loop().remove_timer(*this);
    task = nullptr;
    t.interrupt();
    return true;
}

void SleepTimer::describe(AwaitDescription& to) const {
    to.text = "sleep";
    if (!armed() || !task) return;
    const EventLoop& loop = task->loop();
    const std::int64_t left = loop.timers().when(*this) - loop.now();
    to.text += left < 0 ? ", due " + seconds_text(-left) + " s ago" : ", " + seconds_text(left) + " s left";
}

void Sleep::suspend(std::coroutine_handle<> h) {
    EventLoop& loop = *this_loop;
    TaskBase& t = *loop.current;
    if (nanoseconds_ <= 0) {
        if (nanoseconds_ < 0) throw RuntimeError("cannot await a sleep twice");
        nanoseconds_ = over;
        t.frame = h;
        loop.push(t);
        return;
    }
    const std::int64_t now = loop.now();
    const std::int64_t when = time_after(now, std::exchange(nanoseconds_, armed));
    new (&timer_) SleepTimer;
    timer_.task = &t;
    t.wait_on(timer_, h);
    loop.add_timer(timer_, now, when);
    t.deliver_pending_cancel();
}

void Sleep::disarm() noexcept {
    if (timer_.armed()) this_loop->remove_timer(timer_);
}

}  // namespace hocket
