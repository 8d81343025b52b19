// SPDX-License-Identifier: MIT
// The number that the system gives a thread.
#pragma once

#include <hocket/base/config.h>

namespace hocket {

/// As `gettid` (man 2): asked once for each thread.
HOCKET_EXPORT int this_thread_id() noexcept;

}  // namespace hocket
