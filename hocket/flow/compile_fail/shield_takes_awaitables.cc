// SPDX-License-Identifier: MIT
// What cannot be awaited cannot be shielded.
#include <hocket/flow/shield.h>

hocket::Coro<int> f();

hocket::Coro<> amain() {
    // error: hocket: an awaitable is needed here
#ifdef HOCKET_FIXED
    co_await hocket::shield(f());
#else
    co_await hocket::shield(f);
#endif
}
