// SPDX-License-Identifier: MIT
// A connection owns its protocol: a bare pointer does not say whose it is.
#include <hocket/net/create_connection.h>

#include <memory>

struct Echo : hocket::Protocol {};

// error: static assertion failed.*hocket: a factory of protocols gives a std::unique_ptr to a Protocol or a BufferedProtocol
void connect() {
#ifdef HOCKET_FIXED
    const auto factory = [] { return std::make_unique<Echo>(); };
#else
    const auto factory = [] { return new Echo; };
#endif
    static_cast<void>(hocket::create_connection(factory, "127.0.0.1", 8080));
}
