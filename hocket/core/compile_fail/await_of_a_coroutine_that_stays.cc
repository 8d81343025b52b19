// SPDX-License-Identifier: MIT
// A coroutine is awaited once, so it is given away.
#include <hocket/core/coro.h>

#include <utility>

// error: hocket: a coroutine is awaited once: co_await std::move\(coro\)
hocket::Coro<> twice(hocket::Coro<> work) {
#ifdef HOCKET_FIXED
    co_await std::move(work);
#else
    co_await work;
#endif
}
