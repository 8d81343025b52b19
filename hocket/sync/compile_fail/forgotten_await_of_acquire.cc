// SPDX-License-Identifier: MIT
// Nobody holds the lock until the acquisition is awaited.
#include <hocket/core/coro.h>
#include <hocket/sync/lock.h>

// warning: .*nothing is acquired until this is awaited
hocket::Coro<> hold(hocket::Lock& lock) {
#ifdef HOCKET_FIXED
    co_await lock.acquire();
#else
    lock.acquire();
#endif
    lock.release();
    co_return;
}
