// SPDX-License-Identifier: MIT
// Connections and servers that call protocols, where streams are read and written by coroutines.
#pragma once

#include <hocket/base/function.h>
#include <hocket/base/here.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/net/connect_pipe.h>
#include <hocket/net/open_connection.h>
#include <hocket/net/protocol.h>
#include <hocket/net/server.h>

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

/// What `create_connection` gives. Either half may be kept or dropped, before and after the connection's end.
template <class P>
using ConnectedProtocol = std::pair<ProtocolTransport, Shared<P>>;

/// Begins to call `protocol`, and waits until it knows of its connection. Throws RuntimeError if a task reads the stream.
HOCKET_EXPORT Coro<ProtocolTransport> serve_protocol(const Streams& streams, Shared<StreamProtocol> protocol);
HOCKET_EXPORT Coro<ProtocolTransport> serve_protocol(const StreamReader& reader, Shared<StreamProtocol> protocol);
HOCKET_EXPORT Coro<ProtocolTransport> serve_protocol(const StreamWriter& writer, Shared<StreamProtocol> protocol);
/// The handler of a server whose connections call protocols of `factory`.
HOCKET_EXPORT ConnectionHandler protocol_handler(Function<Shared<StreamProtocol>()> factory);

template <class F, class S>
Coro<ConnectedProtocol<ProtocolMadeBy<F>>> make_stream_protocol(F factory, Coro<S> connecting) {
    const S stream = co_await std::move(connecting);
    const Shared<ProtocolMadeBy<F>> protocol(factory());
    ProtocolTransport transport = co_await serve_protocol(stream, protocol);
    co_return ConnectedProtocol<ProtocolMadeBy<F>>(std::move(transport), protocol);
}

// `auto` has the compiler look into it at once, so that this is the first error.
template <class F>
consteval auto check_factory() {
    static_assert(MakesProtocols<F, StreamProtocol>,
                  "hocket: a factory of protocols gives a std::unique_ptr to a Protocol or a BufferedProtocol: "
                  "[] { return std::make_unique<Echo>(); }");
}

/// Connects, and lets what happens to the connection call the protocol that `factory` makes (`loop.create_connection`):
///
///     auto [transport, protocol] = co_await create_connection([] { return std::make_unique<Chat>(); }, "127.0.0.1", 8080);
///
/// Options, errors and cancels are those of `open_connection`; `limit` means nothing. The factory is called when the connection is there and secured,
/// if it is to be; what it throws, this throws, and ValueError if it makes none. `connection_made` was called when this returns. A cancel
/// closes the connection.
template <class F>
Coro<ConnectedProtocol<ProtocolMadeBy<F>>> create_connection(F factory, std::string host, Port port,
                                                             ConnectionOptions options = {}) {
    check_factory<F>();
    co_return co_await make_stream_protocol(std::move(factory),
                                            open_connection(std::move(host), std::move(port), std::move(options)));
}
/// The same to one address: TCP, or UNIX-domain (`loop.create_unix_connection`).
template <class F>
Coro<ConnectedProtocol<ProtocolMadeBy<F>>> create_connection(F factory, Address address,
                                                             ConnectionOptions options = {}) {
    check_factory<F>();
    co_return co_await make_stream_protocol(std::move(factory),
                                            open_connection(std::move(address), std::move(options)));
}
/// The same of a socket that is connected: `create_connection(factory, {.sock = fd})`.
template <class F>
Coro<ConnectedProtocol<ProtocolMadeBy<F>>> create_connection(F factory, ConnectionOptions options) {
    check_factory<F>();
    co_return co_await make_stream_protocol(std::move(factory), open_connection(std::move(options)));
}
/// The same of a connection that was accepted elsewhere (`loop.connect_accepted_socket`).
template <class F>
    requires(!std::integral<F>)
Coro<ConnectedProtocol<ProtocolMadeBy<F>>> connect_accepted_socket(F factory, int sock, AcceptedOptions options = {}) {
    check_factory<F>();
    co_return co_await make_stream_protocol(std::move(factory), connect_accepted_socket(sock, std::move(options)));
}

/// A protocol that is given what comes from a pipe, FIFO or terminal, which is closed at its end (`loop.connect_read_pipe`): see connect_pipe.h.
template <class F>
    requires(!std::integral<F>)
Coro<ConnectedProtocol<ProtocolMadeBy<F>>> connect_read_pipe(F factory, int fd) {
    check_factory<F>();
    co_return co_await make_stream_protocol(std::move(factory), connect_read_pipe(fd));
}
/// The same for writing (`loop.connect_write_pipe`): `connection_lost` tells that nobody reads any more, and neither data nor an end of file
/// is received.
template <class F>
    requires(!std::integral<F>)
Coro<ConnectedProtocol<ProtocolMadeBy<F>>> connect_write_pipe(F factory, int fd) {
    check_factory<F>();
    co_return co_await make_stream_protocol(std::move(factory), connect_write_pipe(fd));
}

/// Listens on `host`, and lets each connection call a protocol of its own, which `factory` makes (`loop.create_server`):
///
///     auto server = co_await create_server([] { return std::make_unique<Echo>(); }, "127.0.0.1", 8080);
///
/// All else is `start_server`'s: `with`, `close_clients` and the other functions of the Server, options, errors; `limit` means nothing. What the
/// factory throws is reported, and ends its connection. A server that is closed waits for its connections' `connection_lost`.
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> create_server(F factory, std::string host, Port port,
                                                             ServerOptions options = {}) {
    check_factory<F>();
    std::vector<std::string> one;
    one.push_back(std::move(host));
    return start_server_of(protocol_handler(std::move(factory)), std::move(one), std::move(port), std::move(options),
                           here());
}
/// The same on several hosts, each address once.
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> create_server(F factory, std::vector<std::string> hosts, Port port,
                                                             ServerOptions options = {}) {
    check_factory<F>();
    return start_server_of(protocol_handler(std::move(factory)), std::move(hosts), std::move(port), std::move(options),
                           here());
}
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> create_server(F factory, std::initializer_list<std::string_view> hosts,
                                                             Port port, ServerOptions options = {}) {
    return create_server(std::move(factory), std::vector<std::string>(hosts.begin(), hosts.end()), std::move(port),
                         std::move(options));
}
/// The same on one address: TCP, or UNIX-domain (`loop.create_unix_server`).
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> create_server(F factory, Address address, ServerOptions options = {}) {
    check_factory<F>();
    return start_server_of(protocol_handler(std::move(factory)), std::move(address), std::move(options), here());
}
/// The same on a socket that is bound: `create_server(factory, {.sock = fd})`.
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> create_server(F factory, ServerOptions options) {
    check_factory<F>();
    return start_server_of(protocol_handler(std::move(factory)), std::move(options), here());
}

}  // namespace hocket
