// SPDX-License-Identifier: MIT
// A lock that tasks hold one at a time.
#pragma once

#include <hocket/sync/permits.h>

namespace hocket {

/// A lock that tasks hold one at a time (`asyncio.Lock`), first come, first served.
///
///     auto guard = co_await lock.scoped();   // async with lock
///
/// It is not owned: another task may release it. It is not recursive: a task that acquires it twice waits for ever.
class HOCKET_EXPORT Lock final : public Permits {
public:
    Lock() noexcept : Permits("Lock", 1) {}

    /// False from the release on, even while a woken task is about to take it; `acquire` queues behind that task all the same.
    bool locked() const noexcept { return free_ == 0; }
    /// Throws RuntimeError when it is not locked.
    void release() override;

private:
    friend class Condition;
    struct DeferredWake;
    bool cancel_wait(TaskBase& t) noexcept override;
    void describe(AwaitDescription& to) const override;
    bool excuses() noexcept;

    // Tasks that ended with their loop while they waited in a Condition, without the lock: what stands in their frames releases it all the
    // same, and changes nothing by that.
    unsigned excused_ = 0;
};

}  // namespace hocket
