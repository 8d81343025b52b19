// SPDX-License-Identifier: MIT
// A coroutine is no function: it cannot be called.
// error: hocket: a callback can be called without arguments
#include <hocket/core/task.h>

hocket::Coro<> greet();

void start(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    loop.create_task(greet());
#else
    loop.call_soon(greet());
#endif
}
