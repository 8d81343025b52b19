// SPDX-License-Identifier: MIT
// A container of coroutines is handed to gather, since each can be awaited only once.
#include <hocket/flow/gather.h>

hocket::Coro<> amain(std::vector<hocket::Coro<int>> coros) {
    // error: hocket: a coroutine is awaited once, so it is handed over: std::move\(coro\)
#ifdef HOCKET_FIXED
    co_await hocket::gather(std::move(coros));
#else
    co_await hocket::gather(coros);
#endif
}
