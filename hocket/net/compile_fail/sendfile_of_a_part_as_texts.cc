// SPDX-License-Identifier: MIT
// The part of a file that is to be sent is said in numbers.
#include <hocket/net/sendfile.h>

// error: (no matching function for call to 'sock_sendfile|could not convert|cannot convert)
hocket::Coro<> send(int sock, int file) {
#ifdef HOCKET_FIXED
    co_await hocket::sock_sendfile(sock, file, {.offset = 10, .count = 100});
#else
    co_await hocket::sock_sendfile(sock, file, {.offset = "offset", .count = "count"});
#endif
}
