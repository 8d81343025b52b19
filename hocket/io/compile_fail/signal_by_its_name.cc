// SPDX-License-Identifier: MIT
// A signal is a number.
#include <hocket/io/signals.h>

#include <csignal>

// error: (no matching function for call to 'add_signal_handler|invalid conversion|cannot convert|cannot initialize)
void prepare(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    hocket::add_signal_handler(loop, SIGTERM, [] {});
#else
    hocket::add_signal_handler(loop, "boom", [] {});
#endif
}
