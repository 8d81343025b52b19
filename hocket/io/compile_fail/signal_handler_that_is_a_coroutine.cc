// SPDX-License-Identifier: MIT
// A coroutine is no function: it cannot be called when a signal comes.
#include <hocket/core/task.h>
#include <hocket/io/signals.h>

#include <csignal>

hocket::Coro<> end();

// error: (no viable conversion|could not convert|cannot convert|no matching function)
void prepare(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    hocket::add_signal_handler(loop, SIGTERM, [&loop] { loop.create_task(end()); });
#else
    hocket::add_signal_handler(loop, SIGTERM, end());
#endif
}
