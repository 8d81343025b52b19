// SPDX-License-Identifier: MIT
// A coroutine that has a name is awaited as if it could be awaited again.
// error: hocket: a coroutine is awaited once: co_await std::move\(coro\)
#include <hocket/core/coro.h>

hocket::Coro<int> number() { co_return 1; }

hocket::Coro<> task() {
    auto coro = number();
#ifdef HOCKET_FIXED
    co_await std::move(coro);
#else
    co_await coro;
#endif
}
