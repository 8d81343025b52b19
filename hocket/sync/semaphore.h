// SPDX-License-Identifier: MIT
// Counters that limit how many tasks do something at once.
#pragma once

#include <hocket/sync/permits.h>

#include <cstddef>

namespace hocket {

/// Lets a number of tasks through at once (`asyncio.Semaphore`), first come, first served.
///
///     auto guard = co_await semaphore.scoped();   // async with semaphore
class HOCKET_EXPORT Semaphore : public Permits {
public:
    /// Throws ValueError for a negative value.
    explicit Semaphore(std::ptrdiff_t value = 1);

    /// Whether `acquire` would suspend: nothing is left, or others are before.
    bool locked() const noexcept { return !available(); }
    /// Adds one, which goes to the task that waits longest, if any.
    void release() override;

protected:
    Semaphore(const char* what, std::ptrdiff_t value);
    void describe(AwaitDescription& to) const override;
};

/// A semaphore that cannot be released more often than it was acquired (`asyncio.BoundedSemaphore`).
class HOCKET_EXPORT BoundedSemaphore final : public Semaphore {
public:
    explicit BoundedSemaphore(std::ptrdiff_t value = 1);

    /// Throws ValueError when that would go beyond the first value.
    void release() override;

private:
    void describe(AwaitDescription& to) const override;

    std::size_t bound_;
};

}  // namespace hocket
