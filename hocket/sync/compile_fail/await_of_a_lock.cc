// SPDX-License-Identifier: MIT
// A lock is not awaited: what is awaited is to acquire it.
#include <hocket/core/coro.h>
#include <hocket/sync/lock.h>

// error: hocket: this cannot be awaited here: it is no coroutine, task, future or other awaitable of hocket's
hocket::Coro<> hold(hocket::Lock& lock) {
#ifdef HOCKET_FIXED
    auto guard = co_await lock.scoped();
#else
    co_await lock;
#endif
}
