// SPDX-License-Identifier: MIT
// A task is made of a coroutine.
#include <hocket/core/task.h>

hocket::Coro<int> answer() { co_return 42; }

// error: no matching function for call to 'create_task
void start() {
#ifdef HOCKET_FIXED
    hocket::create_task(answer());
#else
    hocket::create_task(42);
#endif
}
