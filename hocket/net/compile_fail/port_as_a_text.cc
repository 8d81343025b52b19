// SPDX-License-Identifier: MIT
// A port is a number.
#include <hocket/net/open_connection.h>

// error: (no matching function for call to 'open_connection|invalid conversion from 'const char\*')
hocket::Coro<hocket::Streams> connect() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::open_connection("127.0.0.1", 1);
#else
    co_return co_await hocket::open_connection("127.0.0.1", "1");
#endif
}
