// SPDX-License-Identifier: MIT
// Making a connection: names, sockets, proxies, TLS.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/http/client_route_internal.h>
#include <hocket/net/stream_writer.h>

#include <exception>
#include <string>

namespace hocket::http {

/// Why there is no connection, where it is neither the system's nor TLS's error: `why` stands after the request in the error's text.
struct NoConnection {
    /// `refused`: by a proxy, which will do so again.
    enum class Kind : std::uint8_t { proxy, refused, proxy_status, proxy_tls, fingerprint, protocol };
    Kind kind;
    std::string why;
    int status = 0;  // of `proxy_status`
};

/// Whatever stands between the session and the server: the other end of what this returns is the server's HTTP. Throws OSError, TlsError, NoConnection;
/// what the session's resolver and connector throw. A cancel closes what was opened. `options`, `route` and `trace` live as long.
Coro<TransportHandle> dial(const SessionOptions& options, const ClientRoute& route, const Shared<ClientTrace>& trace);

}  // namespace hocket::http
