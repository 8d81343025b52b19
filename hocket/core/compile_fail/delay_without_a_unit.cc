// SPDX-License-Identifier: MIT
// A delay is a span of time: a number alone is none.
#include <hocket/core/event_loop.h>

#include <chrono>

using namespace std::chrono_literals;

// error: (no viable conversion|could not convert|cannot convert|no matching (member )?function)
void start(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    loop.call_later(10s, [] {});
#else
    loop.call_later(10, [] {});
#endif
}
