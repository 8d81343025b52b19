// SPDX-License-Identifier: MIT
// What a factory makes is called by its connection: it has to be a protocol, and to be owned.
#include <hocket/net/create_connection.h>

#include <memory>

struct Echo : hocket::Protocol {};
struct Other {};

// error: static assertion failed.*hocket: a factory of protocols gives a std::unique_ptr to a Protocol or a BufferedProtocol
void serve() {
#ifdef HOCKET_FIXED
    const auto factory = [] { return std::make_unique<Echo>(); };
#else
    const auto factory = [] { return std::make_unique<Other>(); };
#endif
    static_cast<void>(hocket::create_server(factory, "127.0.0.1", 8080));
}
