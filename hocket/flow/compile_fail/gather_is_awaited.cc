// SPDX-License-Identifier: MIT
// A gather that nobody awaits is a forgotten co_await.
#include <hocket/flow/gather.h>

hocket::Coro<int> f();

hocket::Coro<> amain() {
    // warning: nobody waits for this gather
#ifdef HOCKET_FIXED
    co_await hocket::gather(f(), f());
#else
    hocket::gather(f(), f());
#endif
    co_return;
}
