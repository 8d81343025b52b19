// SPDX-License-Identifier: MIT
// Descriptors that are ready, as callbacks of a loop.
#pragma once

#include <hocket/core/event_loop.h>

namespace hocket {

/// Runs `callback` in each iteration of `loop` in which `fd` can be read (asyncio's `loop.add_reader`): there are bytes, a connection to accept,
/// an end or an error. As long as that holds it is called again, once an iteration, until `remove_reader`. It runs in a copy of the
/// current context, the same each time; what it throws goes to the exception handler. One that `fd` had before is replaced, and does
/// not run any more.
///
/// The descriptor stays the caller's, who removes the callback and then closes it. The other way round the system may hold it open until the
/// removal; where it is found closed, the exception handler learns that, and it is not watched any more. Any kind of descriptor will do; a
/// file is always ready. The end of the loop takes all callbacks out.
///
/// Throws RuntimeError when the loop is closed, and for the descriptor of one of its transports or servers; ValueError for a negative
/// number and for an empty callback; OSError for a descriptor that is not open, and in virtual time. The loop's thread only.
HOCKET_EXPORT void add_reader(EventLoop& loop, int fd, Function<void()> callback);

/// Takes the callback out: it does not run any more, even if it was about to. False: there is none, or the loop is closed. Throws RuntimeError
/// for the descriptor of a transport or server; ValueError for a negative number. The loop's thread only.
HOCKET_EXPORT bool remove_reader(EventLoop& loop, int fd);

/// The same for a descriptor that can be written, or has an error (`loop.add_writer`). A descriptor may have both callbacks.
HOCKET_EXPORT void add_writer(EventLoop& loop, int fd, Function<void()> callback);
/// See `remove_reader`.
HOCKET_EXPORT bool remove_writer(EventLoop& loop, int fd);

}  // namespace hocket
