// SPDX-License-Identifier: MIT
// A signal's callback that is a coroutine function would never run.
// error: hocket: a callback is no coroutine function, which create_task runs
#include <hocket/core/task.h>
#include <hocket/io/signals.h>

#include <csignal>

hocket::Coro<> end();

void prepare(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    hocket::add_signal_handler(loop, SIGTERM, [&loop] { loop.create_task(end()); });
#else
    hocket::add_signal_handler(loop, SIGTERM, end);
#endif
}
