// SPDX-License-Identifier: MIT
// Signals as callbacks of a loop.
#pragma once

#include <hocket/core/event_loop.h>

namespace hocket {

/// Runs `callback` in `loop` each time the process receives `signal_number` (asyncio's `loop.add_signal_handler`), in a copy of the current
/// context. Signals that come faster than the loop runs count once. A signal has one handler in a process: the latest, also across
/// loops. Throws ValueError for a signal that cannot be caught and for an empty callback, RuntimeError where the loop's time is virtual. The
/// loop's thread only.
HOCKET_EXPORT void add_signal_handler(EventLoop& loop, int signal_number, Function<void()> callback);

/// Restores what the signal did before; a callback that has not run yet does not. False: `loop` had no handler for it. Throws ValueError
/// for what is no signal, RuntimeError where the loop's time is virtual. The loop's thread only.
HOCKET_EXPORT bool remove_signal_handler(EventLoop& loop, int signal_number);

}  // namespace hocket
