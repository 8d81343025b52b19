// SPDX-License-Identifier: MIT
// What cannot be awaited cannot be gathered.
#include <hocket/flow/gather.h>

hocket::Coro<int> f();

hocket::Coro<> amain() {
    // error: hocket: an awaitable is needed here
#ifdef HOCKET_FIXED
    co_await hocket::gather(f(), f());
#else
    co_await hocket::gather(f(), 1);
#endif
}
