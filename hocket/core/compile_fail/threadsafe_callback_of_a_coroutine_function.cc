// SPDX-License-Identifier: MIT
// From another thread, too, a callback is no coroutine function.
// error: hocket: a callback is no coroutine function, which create_task runs
#include <hocket/core/task.h>

hocket::Coro<> greet();

void start(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    loop.call_soon_threadsafe([&loop] { loop.create_task(greet()); });
#else
    loop.call_soon_threadsafe(greet);
#endif
}
