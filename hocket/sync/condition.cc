// SPDX-License-Identifier: MIT
// Waiting for a notification, and coming back from it with the lock.
#include <hocket/sync/condition.h>

#include <exception>

namespace hocket {

Coro<> Condition::wait() {
    if (!locked()) throw RuntimeError("cannot wait on un-acquired lock");
    waiters_.check_loop();
    const Watch<Condition> self(*this);
    const Watch<Permits> lock(lock_);
    std::exception_ptr ended;
    lock_.release();
    try {
        co_await waiters_.suspend();
    } catch (...) {
        ended = std::current_exception();
    }
    // The lock is the caller's again, whatever happens; the last cancel is what is thrown.
    for (bool acquired = false; lock && !acquired;) {
        try {
            co_await lock->acquire();
            acquired = true;
        } catch (...) {
            ended = std::current_exception();
        }
    }
    if (ended && is_cancelled(ended)) {
        if (self) self->waiters_.wake(1);  // a notification may have been meant for this task
        std::rethrow_exception(std::move(ended));
    }
    if (!self) throw RuntimeError("Condition was destroyed while a task waited for it");
}

void Condition::check_notify() const {
    if (!locked()) throw RuntimeError("cannot notify on un-acquired lock");
}

void Condition::notify(std::size_t n) {
    check_notify();
    waiters_.wake(n);
}

void Condition::notify_all() {
    check_notify();
    waiters_.wake_all();
}

}  // namespace hocket
