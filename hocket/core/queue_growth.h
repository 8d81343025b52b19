// SPDX-License-Identifier: MIT
// Who is told that a queue becomes large.
#pragma once

#include <hocket/base/config.h>

#include <atomic>
#include <cstddef>

namespace hocket {

/// Called on the thread of a queue without a limit each time that the room for its items has become larger, by what stands at `where` in the
/// program's code; null: nothing is. For detectors.
using QueueGrowthHook = void (*)(std::size_t items, const void* where);
HOCKET_EXPORT extern std::atomic<QueueGrowthHook> queue_growth_hook;

}  // namespace hocket
