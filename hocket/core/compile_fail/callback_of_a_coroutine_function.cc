// SPDX-License-Identifier: MIT
// A callback that is a coroutine function would never run.
// error: hocket: a callback is no coroutine function, which create_task runs
#include <hocket/core/task.h>

hocket::Coro<> greet();

void start(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    loop.create_task(greet());
#else
    loop.call_soon(greet);
#endif
}
