// SPDX-License-Identifier: MIT
// A reader is called, and nobody would await the coroutine that it gives.
#include <hocket/core/task.h>
#include <hocket/net/readiness.h>

hocket::Coro<> receive();

// error: hocket: a callback is no coroutine function, which create_task runs
void watch(hocket::EventLoop& loop, int fd) {
#ifdef HOCKET_FIXED
    hocket::add_reader(loop, fd, [&loop] { loop.create_task(receive()); });
#else
    hocket::add_reader(loop, fd, receive);
#endif
}
