// SPDX-License-Identifier: MIT
// A task is made of a function that returns a coroutine.
#include <hocket/core/task.h>

// error: no matching function for call to
void start() {
#ifdef HOCKET_FIXED
    hocket::create_task([]() -> hocket::Coro<int> { co_return 42; });
#else
    hocket::create_task([] { return 42; });
#endif
}
