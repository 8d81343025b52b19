// SPDX-License-Identifier: MIT
// A guard without a name releases at once.
#include <hocket/core/coro.h>
#include <hocket/sync/lock.h>

// warning(clang): .*released at once: give the guard a name
hocket::Coro<> hold(hocket::Lock& lock) {
#ifdef HOCKET_FIXED
    auto guard = co_await lock.scoped();
#else
    co_await lock.scoped();
#endif
}
