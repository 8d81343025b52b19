// SPDX-License-Identifier: MIT
// Servers: listening sockets whose connections become tasks.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/core/task.h>
#include <hocket/net/server_state.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {

/// `start_server(handler, host, port, {.backlog = 1000})`
struct ServerOptions {
    std::size_t limit = Transport::default_limit;       ///< of each reader: see StreamReader::readuntil
    AddressFamily family = AddressFamily::unspecified;  ///< only addresses of this one
    int backlog = 100;                                  ///< connections that the system keeps until they are accepted
    bool reuse_address = true;   ///< bind though old connections of the port have not quite ended
    bool reuse_port = false;     ///< share the port with other sockets that say so: one loop per thread
    bool keep_alive = false;     ///< let the system ask silent peers whether they are there
    bool start_serving = true;   ///< accept at once
    bool cleanup_socket = true;  ///< a UNIX-domain socket's file is removed at the close
    int sock = -1;               ///< a bound stream socket, in place of an address; of `family` if that is one
    TlsContext tls = {};         ///< connections are secured by this, if it is not empty
    std::optional<Duration> tls_handshake_timeout = {};  ///< 60 s, if not given
    std::optional<Duration> tls_shutdown_timeout = {};   ///< 30 s, if not given: how long a close may take
};

/// A server (`asyncio.Server`). Copies stand for the same one. It goes on serving when the last handle is gone, until the loop ends. Belongs
/// to one loop. Usable with `with`, which closes it and waits.
class HOCKET_EXPORT Server {
public:
    explicit Server(ServerState* state) noexcept : state_(state) {}  // takes over the reference
    Server(const Server& other) noexcept : state_(other.state_) { state_->share(); }
    Server& operator=(Server other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~Server() { state_->drop(); }

    /// Begins to accept, if it does not; RuntimeError once it is closed.
    void start_serving() const { state_->start_serving(); }
    bool is_serving() const noexcept { return state_->serving(); }
    /// Accepts until it is cancelled, closes then, and waits as `wait_closed` does. `close` from another task ends it with CancelledError,
    /// too. Throws RuntimeError when it is closed, or another task is here already.
    Coro<> serve_forever() const;

    /// Takes the connections that the system has accepted already, however many wait, as if there had been time for them: what a server does
    /// before it closes, so that none of these is lost. They are handled in the next turn of the loop, also after `close`.
    void accept_waiting() const noexcept { state_->accept_waiting(); }
    /// No more connections are accepted. Those that there are go on.
    void close() const noexcept { state_->close(); }
    /// Waits until it is closed and its last connection is, too.
    Coro<> wait_closed() const;
    /// Closes every connection as `StreamWriter::close` does: what is written is still sent. Handlers are not cancelled.
    void close_clients() const noexcept { state_->end_clients(false); }
    /// Aborts every connection.
    void abort_clients() const noexcept { state_->end_clients(true); }
    /// Connections that are not closed yet.
    std::size_t clients() const noexcept { return state_->clients(); }

    /// The loop that it belongs to. Throws RuntimeError once that is gone.
    EventLoop& get_loop() const { return state_->loop(); }
    /// Where it listens; nothing once it is closed.
    std::vector<Address> sockets() const { return state_->sockets(); }
    /// The port of the first: of use after binding to port 0. 0 once it is closed.
    std::uint16_t port() const;

    Coro<Server> aenter() const;
    Coro<> aexit(std::exception_ptr error) const;

private:
    ServerState* state_;
};

/// `where`: an address in the function that starts the server, for the reports of its tasks.
HOCKET_EXPORT Coro<Server> start_server_of(ConnectionHandler handler, std::vector<std::string> hosts, Port port,
                                           ServerOptions options, const void* where);
HOCKET_EXPORT Coro<Server> start_server_of(ConnectionHandler handler, Address address, ServerOptions options,
                                           const void* where);
HOCKET_EXPORT Coro<Server> start_server_of(ConnectionHandler handler, ServerOptions options, const void* where);

template <class F>
concept HandlesConnections = std::is_invocable_r_v<Coro<>, F&, StreamReader, StreamWriter>;

/// Listens on `host` (empty: all interfaces; port 0: any free one), and makes a task of `handler(reader, writer)` for each connection
/// (`asyncio.start_server`):
///
///     auto server = co_await start_server([](StreamReader reader, StreamWriter writer) -> Coro<> {...}, "127.0.0.1", 8080);
///
/// The handler lives until the last of its tasks has ended; each connection is closed when its handles are gone. What a handler throws goes
/// to the loop's exception handler. When the system has no descriptor left for a connection, that is reported, and accepting
/// pauses for a second. Throws GaiError, OSError (`bind to 127.0.0.1:80: Address already in use`); ValueError for options that make no sense
/// together, such as an address and `sock`. With `tls`, the handler is called when the handshake is done; one that fails ends its own connection only, and is told to
/// the exception handler in debug mode, since anybody can have one fail.
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> start_server(F handler, std::string host, Port port,
                                                            ServerOptions options = {}) {
    static_assert(HandlesConnections<F>,
                  "hocket: a server's handler is a coroutine function: Coro<> f(StreamReader, StreamWriter)");
    std::vector<std::string> one;
    one.push_back(std::move(host));
    return start_server_of(ConnectionHandler(std::move(handler)), std::move(one), std::move(port), std::move(options),
                           here());
}
/// The same on several hosts, each address once: `start_server(handler, {"127.0.0.1", "::1"}, 8080)`. With port 0, each has a port of its own.
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> start_server(F handler, std::vector<std::string> hosts, Port port,
                                                            ServerOptions options = {}) {
    static_assert(HandlesConnections<F>,
                  "hocket: a server's handler is a coroutine function: Coro<> f(StreamReader, StreamWriter)");
    return start_server_of(ConnectionHandler(std::move(handler)), std::move(hosts), std::move(port), std::move(options),
                           here());
}
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> start_server(F handler, std::initializer_list<std::string_view> hosts,
                                                            Port port, ServerOptions options = {}) {
    return start_server(std::move(handler), std::vector<std::string>(hosts.begin(), hosts.end()), std::move(port),
                        std::move(options));
}
/// The same on one address: TCP, or UNIX-domain (`asyncio.start_unix_server`), where a socket that is there already is replaced, and the
/// server's is removed when it closes.
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> start_server(F handler, Address address, ServerOptions options = {}) {
    static_assert(HandlesConnections<F>,
                  "hocket: a server's handler is a coroutine function: Coro<> f(StreamReader, StreamWriter)");
    return start_server_of(ConnectionHandler(std::move(handler)), std::move(address), std::move(options), here());
}
/// `start_server(handler, {.sock = fd})`: the same on a socket that is bound already, and may listen. The server takes it over, and makes it
/// non-blocking. Throws ValueError for what is no stream socket, OSError; the descriptor stays the caller's then.
template <class F>
HOCKET_CORO_WRAPPER HOCKET_INLINE Coro<Server> start_server(F handler, ServerOptions options) {
    static_assert(HandlesConnections<F>,
                  "hocket: a server's handler is a coroutine function: Coro<> f(StreamReader, StreamWriter)");
    return start_server_of(ConnectionHandler(std::move(handler)), std::move(options), here());
}

}  // namespace hocket
