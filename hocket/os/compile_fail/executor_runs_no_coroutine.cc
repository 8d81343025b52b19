// SPDX-License-Identifier: MIT
// A thread runs an ordinary function: a coroutine would stand there unawaited.
#include <hocket/os/executor.h>

hocket::Coro<> work();

// error: .*hocket: an executor runs ordinary functions
hocket::Coro<> start() {
#ifdef HOCKET_FIXED
    co_await work();
#else
    co_await hocket::run_in_executor(work);
#endif
}
