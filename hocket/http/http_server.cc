// SPDX-License-Identifier: MIT
// Servers of applications: starting, their end, and what their connections share.
#include <hocket/http/http_server.h>

#include <hocket/base/errors.h>
#include <hocket/http/http_connection_internal.h>
#include <hocket/http/http_date_internal.h>
#include <hocket/io/runner.h>
#include <hocket/io/signals.h>
#include <hocket/sync/event.h>

#include <csignal>

namespace hocket::http {

// ---- What connections share

void HttpServerState::add(HttpConnection& connection) noexcept {
    ++count_;
    connection.older = first_;
    if (first_) first_->newer = &connection;
    first_ = &connection;
}

void HttpServerState::remove(HttpConnection& connection) noexcept {
    --count_;
    if (connection.older) connection.older->newer = connection.newer;
    (connection.newer ? connection.newer->older : first_) = connection.older;
    if (count_ == 0) ended_.wake_all();
}

bool HttpServerState::close() noexcept {
    if (std::exchange(is_closing_, true)) return false;
    closing_point.wake_all();
    for (HttpConnection* c = first_; c; c = c->older) c->end_soon();
    return true;
}

void HttpServerState::when_time_is_over(Function<void()> f) {
    if (options.shutdown_timeout.count() != 0) grace_ = loop_.call_later(options.shutdown_timeout, std::move(f));
}

Coro<> HttpServerState::wait_ended() {
    while (count_ > 0) co_await ended_.suspend();
    grace_.cancel();
}

void HttpServerState::abort() noexcept {
    for (HttpConnection* c = first_; c; c = c->older) c->abort();
}

std::string_view HttpServerState::date_line(EventLoop& loop, std::int64_t now) {
    constexpr std::int64_t second = 1'000'000'000;
    if (now >= date_until_) {
        const std::int64_t wall = loop.backend().wall_time();
        date_until_ = now + second - wall % second;
        date_ = "Date: ";
        append_http_date(date_, wall / second);
        date_ += "\r\n";
    }
    return date_;
}

// ---- Handles

HttpServer::HttpServer(const Server& server, Shared<HttpServerState> state) noexcept
    : server_(server), state_(std::move(state)) {}
HttpServer::HttpServer(const HttpServer&) noexcept = default;
HttpServer& HttpServer::operator=(const HttpServer&) noexcept = default;
HttpServer::~HttpServer() = default;

std::string HttpServer::url() const {
    const std::vector<Address> addresses = sockets();
    return addresses.empty() ? std::string() : "http://" + addresses.front().str();
}

std::uint64_t HttpServer::requests() const noexcept { return state_->requests; }

void HttpServer::close() const {
    server_.close();
    const bool begins = state_->close();
    if (begins && connections() + state_->count() > 0) state_->when_time_is_over([server = *this] { server.abort(); });
}

void HttpServer::abort() const {
    close();
    state_->abort();
    server_.abort_clients();
}

Coro<> HttpServer::wait_closed() const {
    const HttpServer keep = *this;
    co_await keep.server_.wait_closed();
    co_await keep.state_->wait_ended();
}

Coro<> HttpServer::serve_forever() const {
    const HttpServer keep = *this;
    if (keep.state_->closing()) throw RuntimeError("serve_forever: the server is closed");
    std::exception_ptr ended;
    try {
        co_await keep.state_->closing_point.suspend();
        ended = std::make_exception_ptr(CancelledError());
    } catch (...) {  // the cancel goes on when the server is closed
        ended = std::current_exception();
    }
    keep.close();
    co_await keep.wait_closed();
    std::rethrow_exception(ended);
}

Coro<HttpServer> HttpServer::aenter() const { co_return *this; }

Coro<> HttpServer::aexit(std::exception_ptr) const {
    const HttpServer keep = *this;
    keep.close();
    co_await keep.wait_closed();
}

// ---- Starting

namespace {

ServerOptions stream_options(const ServeOptions& options) {
    return {.backlog = options.backlog, .reuse_port = options.reuse_port};
}

auto connections_of(const Shared<HttpServerState>& state) {
    return [state](StreamReader reader, StreamWriter writer) {
        return serve_connection(state, std::move(reader), std::move(writer));
    };
}

Coro<> serve_until_signal(Application app, RunAppOptions options) {
    const HttpServer server = co_await serve(app, std::move(options.host), options.port, options.serve);
    EventLoop& loop = get_running_loop();
    hocket::Event stop;
    for (const int signal : {SIGINT, SIGTERM}) {
        add_signal_handler(loop, signal, [&stop, server] { stop.is_set() ? server.abort() : stop.set(); });
    }
    std::exception_ptr error;
    try {
        if (options.started) options.started(server);
        co_await stop.wait();
    } catch (...) {  // of `started`
        error = std::current_exception();
    }
    server.close();
    co_await server.wait_closed();
    for (const int signal : {SIGINT, SIGTERM}) remove_signal_handler(loop, signal);
    if (error) std::rethrow_exception(error);
}

}  // namespace

Coro<HttpServer> serve(Application app, std::string host, std::uint16_t port, ServeOptions options) {
    const auto state = Shared<HttpServerState>::make(app, options);
    const Server server = co_await start_server(connections_of(state), std::move(host), port, stream_options(options));
    co_return HttpServer(server, state);
}

Coro<HttpServer> serve(Application app, Address address, ServeOptions options) {
    const auto state = Shared<HttpServerState>::make(app, options);
    const Server server = co_await start_server(connections_of(state), std::move(address), stream_options(options));
    co_return HttpServer(server, state);
}

void run_app(const Application& app, RunAppOptions options) {
    hocket::run(serve_until_signal(app, std::move(options)));
}

}  // namespace hocket::http
