// SPDX-License-Identifier: MIT
// Serving an application over HTTP/1.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/application.h>
#include <hocket/http/http1_parser.h>
#include <hocket/net/address.h>
#include <hocket/net/server.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

namespace hocket::http {

class HttpServerState;

/// `http::serve(app, "127.0.0.1", 8080, {.keep_alive_timeout = 15s, .limits = {.body = 16 << 20}})`. A time of 0 is none at all.
struct ServeOptions {
    Duration keep_alive_timeout = std::chrono::seconds(75);  ///< how long a connection may be idle between two requests
    Duration head_timeout = std::chrono::seconds(
        20);  ///< for a request's head, from its first byte; of the first request, from the connection's beginning
    /// How long a handler may wait for the body in all, while less than `minimum_rate` arrives: each byte that comes extends it.
    Duration body_timeout = std::chrono::seconds(20);
    std::size_t minimum_rate = 500;  ///< bytes of a body in a second
    Duration write_timeout =
        std::chrono::seconds(30);  ///< how long the client may take none of an answer (or 256 KiB of it)
    Duration shutdown_timeout = std::chrono::seconds(60);  ///< how long requests may go on after `close`
    std::size_t max_connections = 10'000;                  ///< more are answered with 503; 0: any number
    Limits limits = {};                                    ///< of requests: see Limits, whose body is 1 MiB here
    bool auto_decompress = true;  ///< bodies of requests are decoded; what they become has the same limit
    int backlog = 1024;           ///< connections that the system keeps until they are accepted
    bool reuse_port = false;      ///< share the port with other sockets that say so: one loop per thread
};

/// A server of an application (`aiohttp.web.AppRunner` and its site in one). Copies stand for the same one. It goes on serving when the last
/// handle is gone, until the loop ends. Belongs to one loop. Usable with `with`, which closes it and waits.
class HOCKET_EXPORT HttpServer {
public:
    HttpServer(const Server& server, Shared<HttpServerState> state) noexcept;
    HttpServer(const HttpServer&) noexcept;
    HttpServer& operator=(const HttpServer&) noexcept;
    ~HttpServer();

    /// Where it listens; nothing once it is closed.
    std::vector<Address> sockets() const { return server_.sockets(); }
    /// The port of the first: of use after binding to port 0. 0 once it is closed.
    std::uint16_t port() const { return server_.port(); }
    /// `http://127.0.0.1:8080`, of the first.
    std::string url() const;
    /// Connections that are not closed yet.
    std::size_t connections() const noexcept { return server_.clients(); }
    /// Requests that were received, in all.
    std::uint64_t requests() const noexcept;

    /// No more connections are accepted and idle ones end. Requests go on, and their connections end with them; what is left after
    /// `shutdown_timeout` is aborted, its handlers cancelled. Does not wait.
    void close() const;
    /// The same without that time: requests end now.
    void abort() const;
    /// Waits until it is closed, its last connection is, too, and the last handler has ended.
    Coro<> wait_closed() const;
    /// Serves until it is cancelled, closes then, and waits as `wait_closed` does. `close` from another task ends it with CancelledError, too.
    /// Throws RuntimeError when it is closed already.
    Coro<> serve_forever() const;

    Coro<HttpServer> aenter() const;
    Coro<> aexit(std::exception_ptr error) const;

private:
    Server server_;
    Shared<HttpServerState> state_;
};

/// Serves `app` on `host` (empty: all interfaces; port 0: any free one) from now on (aiohttp's `TCPSite`):
///
///     auto server = co_await http::serve(app, "127.0.0.1", 8080);
///     co_await server.serve_forever();
///
/// HTTP/1.0 and 1.1 with kept-alive connections; a client that sends requests ahead is read no further than 64 KiB while one is being
/// answered. What is malformed is answered once (400, 413, 414, 431, 501, 505) and its connection closed. A handler is not interrupted
/// when its client goes; a streamed answer is (see `stream_response`). Throws GaiError, OSError (`bind to 127.0.0.1:80: Address already in use`).
HOCKET_EXPORT Coro<HttpServer> serve(Application app, std::string host, std::uint16_t port, ServeOptions options = {});
/// The same on one address: TCP, or UNIX-domain.
HOCKET_EXPORT Coro<HttpServer> serve(Application app, Address address, ServeOptions options = {});

/// `http::run_app(app, {.port = 8080})`
struct RunAppOptions {
    std::string host = "127.0.0.1";  ///< aiohttp's is all interfaces: here, an empty one
    std::uint16_t port = 8080;
    ServeOptions serve = {};
    /// Called when it listens: the time to print where (`aiohttp.web.run_app(print=)`).
    Function<void(const HttpServer&)> started = {};
};

/// Serves `app` until SIGINT or SIGTERM, then closes the server as `HttpServer::close` does; a second signal aborts what is left
/// (`aiohttp.web.run_app`). Blocks the thread; RuntimeError when a loop runs on it already. Throws like `serve`.
HOCKET_EXPORT void run_app(const Application& app, RunAppOptions options = {});

}  // namespace hocket::http
