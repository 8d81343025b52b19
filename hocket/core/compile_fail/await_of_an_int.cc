// SPDX-License-Identifier: MIT
// Only what hocket can wait for is awaited.
#include <hocket/core/coro.h>

// error: hocket: this cannot be awaited here: it is no coroutine, task, future or other awaitable of hocket's
hocket::Coro<int> answer() {
#ifdef HOCKET_FIXED
    co_return 42;
#else
    co_return co_await 42;
#endif
}
