// SPDX-License-Identifier: MIT
// Starting a child process on the real system.
#pragma once

#include <hocket/core/backend.h>

namespace hocket {

/// What `Backend::spawn` promises. Blocks until the program runs, which is about as long as it takes to start a thread.
int spawn_process(Spawn& child) noexcept;

}  // namespace hocket
