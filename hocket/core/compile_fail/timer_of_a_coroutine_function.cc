// SPDX-License-Identifier: MIT
// A timer's callback that is a coroutine function would never run.
// error: hocket: a callback is no coroutine function, which create_task runs
#include <hocket/core/task.h>

#include <chrono>

using namespace std::chrono_literals;

hocket::Coro<> greet();

void start(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    loop.call_later(1s, [&loop] { loop.create_task(greet()); });
#else
    loop.call_later(1s, greet);
#endif
}
