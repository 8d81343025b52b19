// SPDX-License-Identifier: MIT
// A callback can be called.
// error: hocket: a callback can be called without arguments
#include <hocket/core/event_loop.h>

void start(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    loop.call_soon([] {});
#else
    loop.call_soon(1);
#endif
}
