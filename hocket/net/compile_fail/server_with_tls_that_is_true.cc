// SPDX-License-Identifier: MIT
// What a server's TLS is made of cannot be guessed: nothing says only that there is one.
#include <hocket/net/server.h>

hocket::Coro<> serve(hocket::StreamReader, hocket::StreamWriter);

// error: (no matching function for call to 'start_server|no viable conversion from 'bool'|could not convert)
hocket::Coro<hocket::Server> start() {
    const hocket::Address address = hocket::Address::local("spam");
#ifdef HOCKET_FIXED
    hocket::ServerOptions options;
    options.tls = hocket::TlsContext::server({.certificate_file = "cert.pem", .private_key_file = "key.pem"});
    co_return co_await hocket::start_server(serve, address, options);
#else
    co_return co_await hocket::start_server(serve, address, {.tls = true});
#endif
}
