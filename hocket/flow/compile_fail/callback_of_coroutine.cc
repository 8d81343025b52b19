// SPDX-License-Identifier: MIT
// A coroutine function is added to an exit stack as a plain callback: it would never run.
// error: hocket: this callback is a coroutine function: push_async_callback takes it
#include <hocket/flow/async_exit_stack.h>

hocket::Coro<> clean_up() { co_return; }

void add(hocket::AsyncExitStack& stack) {
#ifdef HOCKET_FIXED
    stack.push_async_callback(clean_up);
#else
    stack.callback(clean_up);
#endif
}
