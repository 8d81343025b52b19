// SPDX-License-Identifier: MIT
// A time limit holds once: what stays is not awaited.
#include <hocket/flow/timeout.h>

using namespace std::chrono_literals;
hocket::Coro<int> f();

hocket::Coro<> amain() {
    auto limited = hocket::timeout(2s, f());
    // error: hocket: a coroutine is awaited once: co_await std::move\(coro\)
#ifdef HOCKET_FIXED
    co_await std::move(limited);
#else
    co_await limited;
#endif
}
