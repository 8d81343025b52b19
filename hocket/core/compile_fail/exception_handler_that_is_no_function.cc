// SPDX-License-Identifier: MIT
// An exception handler can be called with the loop and what went wrong.
#include <hocket/core/event_loop.h>

// error: (no viable conversion|could not convert|cannot convert|no matching function|invalid conversion)
void start(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    loop.set_exception_handler([](hocket::EventLoop&, const hocket::ErrorContext&) {});
#else
    loop.set_exception_handler("spam");
#endif
}
