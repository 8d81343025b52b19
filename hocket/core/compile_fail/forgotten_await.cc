// SPDX-License-Identifier: MIT
// A coroutine that is dropped at once does nothing.
#include <hocket/core/coro.h>

hocket::Coro<> work() { co_return; }

// warning: a coroutine does nothing until it is awaited or made a task
hocket::Coro<> forgetful() {
#ifdef HOCKET_FIXED
    co_await work();
#else
    work();
#endif
    co_return;
}
