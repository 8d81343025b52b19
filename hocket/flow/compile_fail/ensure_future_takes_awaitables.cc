// SPDX-License-Identifier: MIT
// What cannot be awaited is not made a task.
#include <hocket/flow/ensure_future.h>

hocket::Coro<int> f();

void start() {
    // error: hocket: an awaitable is needed here
#ifdef HOCKET_FIXED
    hocket::ensure_future(f());
#else
    hocket::ensure_future("ok");
#endif
}
