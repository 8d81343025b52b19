// SPDX-License-Identifier: MIT
// What ends a line is one of five things, which have names.
#include <hocket/os/file.h>

// error: (no viable conversion|could not convert|cannot convert|cannot initialize|invalid conversion)
hocket::Coro<> write() {
#ifdef HOCKET_FIXED
    const hocket::fs::OpenOptions options{.newline = hocket::fs::Newline::crlf};
#else
    const hocket::fs::OpenOptions options{.newline = "\r\n"};
#endif
    auto file = co_await hocket::fs::open("x.txt", "w", options);
}
