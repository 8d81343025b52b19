// SPDX-License-Identifier: MIT
// A port is a number, or the name of a service.
#include <hocket/net/open_connection.h>

// error: (no matching function for call to 'open_connection|could not convert|no viable conversion)
hocket::Coro<hocket::Streams> connect() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::open_connection("127.0.0.1", "http");
#else
    co_return co_await hocket::open_connection("127.0.0.1", hocket::Address());
#endif
}
