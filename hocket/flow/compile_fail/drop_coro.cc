// SPDX-License-Identifier: MIT
// A coroutine is called and forgotten.
// warning: a coroutine does nothing until it is awaited or made a task
#include <hocket/core/coro.h>

hocket::Coro<int> number() { co_return 1; }

hocket::Coro<> task() {
#ifdef HOCKET_FIXED
    co_await number();
#else
    number();
    co_return;
#endif
}
