// SPDX-License-Identifier: MIT
// Waiting for a notification, and coming back from it with the lock.
#include <hocket/sync/condition.h>

#include <exception>

namespace hocket {

/// The lock of a task that waits without it: acquired again when the wait is over, or not, if the task is destroyed before.
class Condition::LentLock {
public:
    explicit LentLock(Lock& lock) noexcept : lock_(lock) {}
    LentLock(const LentLock&) = delete;
    LentLock& operator=(const LentLock&) = delete;
    ~LentLock() {
        if (lock_ && !over_) ++static_cast<Lock*>(lock_.get())->excused_;
    }
    explicit operator bool() const noexcept { return static_cast<bool>(lock_); }
    Permits* operator->() const noexcept { return lock_.get(); }
    void is_over() noexcept { over_ = true; }

private:
    Watch<Permits> lock_;
    bool over_ = false;
};

Coro<> Condition::wait() {
    if (!locked()) throw RuntimeError("cannot wait on un-acquired lock");
    waiters_.check_loop();
    const Watch<Condition> self(*this);
    LentLock lock(lock_);
    std::exception_ptr ended;
    lock_.release();
    try {
        co_await waiters_.suspend();
    } catch (...) {
        ended = std::current_exception();
    }
    // The lock is the caller's again, however often that is cancelled; the last cancel is what is thrown. Another error is of the lock.
    bool acquired = false;
    bool acquirable = true;
    while (lock && acquirable && !acquired) {
        try {
            co_await lock->acquire();
            acquired = true;
        } catch (const CancelledError&) {  // thrown on below
            ended = std::current_exception();
        } catch (...) {
            ended = std::current_exception();
            acquirable = false;
        }
    }
    lock.is_over();
    const bool cancelled = ended && is_cancelled(ended);
    if (!self && !cancelled) throw RuntimeError("Condition was destroyed while a task waited for it");
    if (!ended && acquired) co_return;
    if (self) self->waiters_.wake(1);  // a notification may have been meant for this task
    if (!ended) throw RuntimeError("the lock of a Condition was destroyed while a task waited for the Condition");
    std::rethrow_exception(std::move(ended));
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
