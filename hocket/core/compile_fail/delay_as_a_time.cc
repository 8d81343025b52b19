// SPDX-License-Identifier: MIT
// `call_at` takes a point of the loop's time: neither a delay nor nothing is one.
#include <hocket/core/event_loop.h>

#include <chrono>

using namespace std::chrono_literals;

// error: (no viable conversion|could not convert|cannot convert|no matching (member )?function|no known conversion)
void start(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    loop.call_at(loop.time() + 10s, [] {});
#else
    loop.call_at(10s, [] {});
#endif
}
