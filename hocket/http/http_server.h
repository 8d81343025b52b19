// SPDX-License-Identifier: MIT
// Serving an application over HTTP/1.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/access_log.h>
#include <hocket/http/application.h>
#include <hocket/http/http1_parser.h>
#include <hocket/net/address.h>
#include <hocket/net/server.h>
#include <hocket/net/tls_context.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

namespace hocket::http {

class HttpServerState;
class ServerLife;

/// Which fields trusted proxies write. The other ones may come from anybody, and are not looked at.
enum class ForwardedFields : std::uint8_t {
    x_forwarded,  ///< X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host
    forwarded,    ///< Forwarded (RFC 7239)
};

/// `http::serve(app, "127.0.0.1", 8080, {.keep_alive_timeout = 15s, .limits = {.body = 16 << 20}})`. A time of 0 is no limit, but for
/// `shutdown_timeout`.
struct ServeOptions {
    Duration keep_alive_timeout = std::chrono::seconds(75);  ///< how long a connection may be idle between two requests
    Duration head_timeout = std::chrono::seconds(
        20);  ///< for a request's head, from its first byte; of the first request, from the connection's beginning
    /// How long a handler may wait for the body in all, while less than `minimum_rate` arrives: each byte that comes extends it.
    Duration body_timeout = std::chrono::seconds(20);
    std::size_t minimum_rate = 500;  ///< bytes of a body in a second
    /// How long the client may take nothing of an answer. Who takes some of it within each such time may take as long as it likes.
    Duration write_timeout = std::chrono::seconds(30);
    /// How long requests may go on after `close`. 0: they end at once, as with aiohttp.
    Duration shutdown_timeout = std::chrono::seconds(60);
    /// More are answered with 503, unless an idle one can make room, of which the longest idle is closed; 0: any number. With TLS
    /// there is no answer: handshakes count, and what is too much is closed without one. So are connections beyond 128 that are answered with 503.
    std::size_t max_connections = 10'000;
    Limits limits = {};           ///< of requests: see Limits, whose body is 1 MiB here
    bool auto_decompress = true;  ///< bodies of requests are decoded; what they become has the same limit
    int backlog = 1024;           ///< connections that the system keeps until they are accepted
    bool reuse_port = false;      ///< share the port with other sockets that say so: one loop per thread
    TlsContext tls = {};  ///< connections are secured by this, if it is not empty; a handshake has `head_timeout`
    /// Who is believed about the client of a request that comes by way of it: addresses, networks, `unix` for every UNIX-domain socket:
    /// `{"127.0.0.1", "10.0.0.0/8"}`. See Request::remote. Nobody, by default: such fields are the client's own words then.
    std::vector<std::string> trusted_proxies = {};
    ForwardedFields forwarded_fields = ForwardedFields::x_forwarded;  ///< what these write
    AccessLog access_log = {};                                        ///< gets a line for each request; empty: none
    bool handler_cancellation = false;  ///< whether a handler is cancelled when its client goes: see RouteOptions
};

/// A server of an application (`aiohttp.web.AppRunner` and its site in one). Copies stand for the same one. It goes on serving when the last
/// handle is gone, until the loop ends. Belongs to one loop. Usable with `with`, which closes it and waits.
class HOCKET_EXPORT HttpServer {
public:
    HttpServer(std::vector<Server> servers, Shared<HttpServerState> state) noexcept;
    HttpServer(const HttpServer&);
    HttpServer& operator=(const HttpServer&);
    ~HttpServer();

    /// Where it listens; nothing once it is closed.
    std::vector<Address> sockets() const;
    /// The port of the first: of use after binding to port 0. 0 once it is closed.
    std::uint16_t port() const { return servers_.front().port(); }
    /// `http://127.0.0.1:8080`, of the first; `https` with TLS.
    std::string url() const;
    /// Connections that are not closed yet.
    std::size_t connections() const noexcept;
    /// Requests that were received, in all.
    std::uint64_t requests() const noexcept;

    /// Connections that the system has accepted already are taken over, and no more; idle ones end, and those from which nothing has
    /// come yet have a second for their request. Requests go on, and their connections end with them; what is left after
    /// `shutdown_timeout` is aborted, its handlers cancelled. The application's `on_shutdown` begins, and `on_cleanup` follows when all is over.
    /// Does not wait.
    void close() const;
    /// The same without that time: requests end now.
    void abort() const;
    /// Waits until it is closed, its last connection is, too, the last handler has ended, and the application's hooks have run. Throws what these
    /// threw.
    Coro<> wait_closed() const;
    /// Serves until it is cancelled, closes then, and waits as `wait_closed` does. `close` from another task ends it with CancelledError, too.
    /// Throws RuntimeError when it is closed already.
    Coro<> serve_forever() const;

    Coro<HttpServer> aenter() const;
    Coro<> aexit(std::exception_ptr error) const;

private:
    friend class ServerLife;
    Coro<> wait_connections() const;
    Coro<> end_life() const;
    /// Of those of the end, the one that runs; the others follow.
    void cancel_hooks() const;

    std::vector<Server> servers_;
    Shared<HttpServerState> state_;
};

/// Serves `app` on `host` (empty: all interfaces; port 0: any free one) from now on (aiohttp's `TCPSite`):
///
///     auto server = co_await http::serve(app, "127.0.0.1", 8080);
///     co_await server.serve_forever();
///
/// HTTP/1.0 and 1.1 with kept-alive connections; a client that sends requests ahead is read no further than 64 KiB while one is being
/// answered. The application's start-up hooks run before it listens, and what they throw comes out. What is malformed, too long or too slow is answered once (400, 408, 413, 414, 431, 501, 505) and its connection closed. A handler is not interrupted
/// when its client goes, unless `handler_cancellation` says so; a streamed answer is (see `stream_response`). Throws GaiError, OSError (`bind to 127.0.0.1:80: Address already in use`).
HOCKET_EXPORT Coro<HttpServer> serve(Application app, std::string host, std::uint16_t port, ServeOptions options = {});
/// The same on one address: TCP, or UNIX-domain.
HOCKET_EXPORT Coro<HttpServer> serve(Application app, Address address, ServeOptions options = {});
/// The same on several. None is served unless all can be. Throws ValueError for none.
HOCKET_EXPORT Coro<HttpServer> serve(Application app, std::vector<Address> addresses, ServeOptions options = {});

/// `http::run_app(app, {.port = 8080})`
struct RunAppOptions {
    std::string host = "127.0.0.1";  ///< aiohttp's is all interfaces: here, an empty one
    std::uint16_t port = 8080;
    std::vector<Address> addresses = {};  ///< in place of host and port
    ServeOptions serve = {};
    /// So many loops, each on a thread of its own with a server of its own, share the port (SO_REUSEPORT), and with nobody else, unless
    /// `serve` says `reuse_port`. Handlers run at the same time then; limits are those of each server. TCP only.
    int workers = 1;
    /// Called when all listen, with the first one's server: the time to print where (`aiohttp.web.run_app(print=)`).
    Function<void(const HttpServer&)> started = {};
};

/// Serves `app` until SIGINT or SIGTERM, then closes the server as `HttpServer::close` does; each further signal aborts what is left, and
/// cancels the hook that runs (`aiohttp.web.run_app`). A signal before the server stands cancels its start: contexts that have begun are left. Blocks the thread; RuntimeError when a loop runs on it already. Throws like `serve`; ValueError for an application with
/// start-up or clean-up hooks and several workers: these need one each. A worker that fails ends them all, and is thrown.
HOCKET_EXPORT void run_app(const Application& app, RunAppOptions options = {});
/// The same with an application for each worker, which `make` makes, on this thread.
HOCKET_EXPORT void run_app(const Function<Application()>& make, RunAppOptions options = {});

}  // namespace hocket::http
