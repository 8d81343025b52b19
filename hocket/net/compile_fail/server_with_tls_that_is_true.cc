// SPDX-License-Identifier: MIT
// What a server's TLS is made of cannot be guessed: nothing says only that there is one.
#include <hocket/net/server.h>

hocket::Coro<> serve(hocket::StreamReader, hocket::StreamWriter);

// error: (no matching function for call to 'start_server|has no non-static data member named 'ssl'|does not refer to any field)
hocket::Coro<hocket::Server> start() {
    const hocket::Address address = hocket::Address::local("spam");
#ifdef HOCKET_FIXED
    co_return co_await hocket::start_server(serve, address);
#else
    co_return co_await hocket::start_server(serve, address, {.ssl = true});
#endif
}
