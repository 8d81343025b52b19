// SPDX-License-Identifier: MIT
// A single coroutine is awaited as it is; as_completed is for several.
#include <hocket/flow/as_completed.h>

hocket::Coro<int> f();

hocket::Coro<> amain() {
    // error: hocket: as_completed takes a container, a view or a list in braces
#ifdef HOCKET_FIXED
    auto it = hocket::as_completed(f(), f());
#else
    auto it = hocket::as_completed(f());
#endif
    co_await it.next();
}
