// SPDX-License-Identifier: MIT
// What the tests of TLS share: contexts that trust each other, and both ends of a secured connection.
#pragma once

#include <hocket/net/net_test.h>
#include <hocket/net/tls_error.h>
#include <hocket/net/tls_info.h>

#include <tests/support/certificates.h>
#include <string>
#include <utility>

namespace hocket::testing {

inline TlsContext server_of(const Identity& identity, TlsServerOptions options = {}) {
    options.certificate_file = identity.certificate_file;
    options.private_key_file = identity.private_key_file;
    return TlsContext::server(std::move(options));
}
/// One whose certificate is in order.
inline TlsContext tls_server(TlsServerOptions options = {}) {
    return server_of(Certificates::get().server, std::move(options));
}
/// One that trusts the authority of the tests.
inline TlsContext tls_client(TlsClientOptions options = {}) {
    options.ca_file = Certificates::get().ca_file;
    return TlsContext::client(std::move(options));
}

inline ServerOptions with_tls(TlsContext context) {
    ServerOptions options;
    options.tls = std::move(context);
    return options;
}
inline ConnectionOptions by_tls(TlsContext context) {
    ConnectionOptions options;
    options.tls = std::move(context);
    return options;
}

/// Both ends of a secured connection of this process.
inline Coro<Connected> secured(ConnectionOptions client, ServerOptions with,
                               Address at = Address::parse("127.0.0.1:0")) {
    const Accepting accepting;
    Server server = co_await start_server(accepting, at, with);
    auto [reader, writer] = co_await open_connection(server.sockets().at(0), client);
    auto [server_reader, server_writer] = co_await accepting.take();
    keep_little(writer);
    keep_little(server_writer);
    co_return Connected{std::move(server), std::move(reader), std::move(writer), std::move(server_reader),
                        std::move(server_writer)};
}
inline Coro<Connected> secured(TlsContext client = tls_client(), TlsContext server = tls_server()) {
    return secured(by_tls(std::move(client)), with_tls(std::move(server)));
}

/// What a client meets that connects to a server with this identity; "nothing" if they agree.
inline Coro<std::string> ending_with(Identity identity, TlsContext client, ConnectionOptions options = {}) {
    LoopErrors errors(get_running_loop());  // the server's share is not looked at
    ServerOptions server_options;
    server_options.tls = server_of(identity);
    const Server server = co_await start_server(echo, "127.0.0.1", 0, server_options);
    options.tls = std::move(client);
    std::string end = co_await ending_of(open_connection("127.0.0.1", server.port(), options));
    const std::string port = ":" + std::to_string(server.port());
    if (const std::size_t at = end.find(port); at != std::string::npos) end.replace(at, port.size(), ":PORT");
    server.close();
    co_await server.wait_closed();
    co_return end;
}

}  // namespace hocket::testing
