// SPDX-License-Identifier: MIT
// Releasing a lock, and who holds it.
#include <hocket/sync/lock.h>

#include <hocket/core/await_graph.h>

#include <new>

namespace hocket {

void Lock::release() {
    if (excused_ > 0 && excuses()) return;
    if (!locked()) throw RuntimeError("Lock is not acquired.");
    give_back();
}

// Runs just before the cancelled task that it stands for.
struct Lock::DeferredWake final : Node, Pooled {
    explicit DeferredWake(Lock& lock) noexcept : lock_(lock) {}

    void run() override {
        if (lock_) {
            --lock_->deferred_;
            lock_->wake_waiters();
        }
        delete this;
    }
    void discard() noexcept override {
        if (lock_) --lock_->deferred_;
        delete this;
    }

private:
    Watch<Lock> lock_;
};

// As in asyncio, the task at the head stays there until it runs, even if it is cancelled, and a release until then wakes nobody: the
// cancelled task wakes the next.
bool Lock::cancel_wait(TaskBase& t) noexcept {
    if (waiters_.front() == &t) {
        try {
            t.loop().push(*new DeferredWake(*this));
            ++deferred_;
        } catch (const std::bad_alloc&) {  // a release wakes the next at once then, which is sooner, and no loss
            return Permits::cancel_wait(t);
        }
    }
    return Permits::cancel_wait(t);
}

bool Lock::excuses() noexcept {
    const bool closing = this_loop && !this_loop->is_running();
    excused_ = closing ? excused_ - 1 : 0;  // once a task runs again, no frame of those is left
    return closing;
}

void Lock::describe(AwaitDescription& to) const {
    to.text = what_;
    EventLoop* const tasks_loop = loop();
    if (!locked() || !tasks_loop) return;
    TaskBase* const holder = to.living_task(*tasks_loop, last_taker_);
    const bool later = holder && (holder->label & 1) && holder->label >> 1 > tasks_then_;
    if (!holder || later) {
        to.text += " held by a task that has ended";
    } else {
        to.text += " held by " + holder->name();
        to.futures.push_back(holder);
    }
}

}  // namespace hocket
