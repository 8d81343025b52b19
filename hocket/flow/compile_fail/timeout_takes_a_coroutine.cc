// SPDX-License-Identifier: MIT
// The body of a time limit awaits, so it is a coroutine.
#include <hocket/flow/timeout.h>

using namespace std::chrono_literals;

hocket::Coro<> amain() {
    // error: hocket: timeout takes a coroutine, or a function of one
#ifdef HOCKET_FIXED
    co_await hocket::timeout(2s, []() -> hocket::Coro<> { co_return; });
#else
    co_await hocket::timeout(2s, [] {});
#endif
}
