// SPDX-License-Identifier: MIT
// A lock, and waiting for the holder of it to say that something has changed.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/sync/lock.h>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace hocket {

/// Waits, without holding the lock, for another task to say that something changed (`asyncio.Condition`).
///
///     auto guard = co_await condition.scoped();                        // async with condition
///     co_await condition.wait_for([&] { return !items.empty(); });
///
/// Belongs to one loop; not thread-safe. Destroyed while tasks wait, it wakes them with RuntimeError.
class HOCKET_EXPORT Condition : public Watched {
public:
    /// With a lock of its own.
    Condition() noexcept : Condition(own_) {}
    /// With one that others use too, and that lives as long.
    explicit Condition(Lock& lock) noexcept : lock_(lock) {}

    // The lock's.
    Lock::Acquire acquire() noexcept { return lock_.acquire(); }
    Lock::Scoped scoped() noexcept { return lock_.scoped(); }
    void release() { lock_.release(); }
    bool locked() const noexcept { return lock_.locked(); }

    /// Releases the lock, suspends until notified, and acquires the lock again: always, also when the task is cancelled; then it throws
    /// CancelledError, and notifies another task if it had been chosen itself. May return without a notification: look at the state
    /// again, or use `wait_for`. Throws RuntimeError when the lock is not held, or can no longer be acquired: it was destroyed, or belongs
    /// to another loop.
    Coro<> wait();
    /// Waits until `predicate()` gives something true; returns that. Does not suspend if it does at once.
    template <class Predicate>
    Coro<std::remove_cvref_t<std::invoke_result_t<Predicate&>>> wait_for(Predicate predicate) {
        auto result = predicate();
        while (!result) {
            co_await wait();
            result = predicate();
        }
        co_return std::move(result);
    }

    /// Wakes `n` of the tasks that wait, the first first; they go on one after the other when the lock is released. Throws RuntimeError
    /// when the lock is not held.
    void notify(std::size_t n = 1);
    void notify_all();

private:
    class LentLock;
    void check_notify() const;

    Lock own_;
    Lock& lock_;
    WaitPoint waiters_{"Condition"};
};

}  // namespace hocket
