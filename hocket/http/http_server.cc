// SPDX-License-Identifier: MIT
// Servers of applications: starting, their end, and what their connections share.
#include <hocket/http/http_server.h>

#include <hocket/base/errors.h>
#include <hocket/core/await_graph.h>
#include <hocket/flow/shield.h>
#include <hocket/http/end_errors_internal.h>
#include <hocket/http/http_connection_internal.h>
#include <hocket/http/http_date.h>

#include <chrono>

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
    end_idle();
    return true;
}

void HttpServerState::end_idle() noexcept {
    for (HttpConnection* c = first_; c; c = c->older) c->end_soon();
}

bool HttpServerState::admits(std::size_t clients) noexcept {
    constexpr std::size_t most_refused = 128;  // connections that are there to be told 503
    if (options.max_connections == 0 || clients < options.max_connections) return true;
    if (!options.tls) return clients < options.max_connections + most_refused;
    return end_longest_idle();
}

bool HttpServerState::end_longest_idle() noexcept {
    HttpConnection* longest = nullptr;
    for (HttpConnection* c = first_; c; c = c->older) {
        const bool is_longer = !longest || c->idle_since() < longest->idle_since();
        if (is_longer && c->can_make_room()) longest = c;
    }
    if (longest) longest->make_room();
    return longest;
}

void HttpServerState::await_late_requests(Function<void()> looked, Function<void()> over) {
    constexpr auto a_look = std::chrono::milliseconds(10);
    constexpr auto most = std::chrono::seconds(1);
    awaits_first_ = true;
    look_ = loop_.call_later(a_look, std::move(looked));
    first_time_ = loop_.call_later(most, std::move(over));
}

void HttpServerState::has_looked(bool awaits_first) noexcept {
    has_looked_ = true;
    awaits_first_ = awaits_first;
    end_idle();
}

void HttpServerState::when_time_is_over(Function<void()> f) {
    grace_ = loop_.call_later(options.shutdown_timeout, std::move(f));
}

void HttpServerState::Ended::describe(AwaitDescription& to) const {
    to.text = std::string(what_) + ", " + std::to_string(server.count_) +
              (server.count_ == 1 ? " connection left" : " connections left");
}

Coro<> HttpServerState::wait_ended() {
    while (count_ > 0) co_await ended_.suspend();
    grace_.cancel();
    look_.cancel();
    first_time_.cancel();
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

HttpServer::HttpServer(std::vector<Server> servers, Shared<HttpServerState> state) noexcept
    : servers_(std::move(servers)), state_(std::move(state)) {}
HttpServer::HttpServer(const HttpServer&) = default;
HttpServer& HttpServer::operator=(const HttpServer&) = default;
HttpServer::~HttpServer() = default;

std::vector<Address> HttpServer::sockets() const {
    std::vector<Address> all;
    for (const Server& server : servers_) {
        const std::vector<Address> its = server.sockets();
        all.insert(all.end(), its.begin(), its.end());
    }
    return all;
}

std::size_t HttpServer::connections() const noexcept {
    std::size_t all = 0;
    for (const Server& server : servers_) all += server.clients();
    return all;
}

std::string HttpServer::url() const {
    const std::vector<Address> addresses = sockets();
    const char* const scheme = state_->options.tls ? "https://" : "http://";
    return addresses.empty() ? std::string() : scheme + addresses.front().str();
}

std::uint64_t HttpServer::requests() const noexcept { return state_->requests; }

void HttpServer::close() const {
    if (state_->closing()) return;
    for (const Server& server : servers_) {
        server.accept_waiting();
        server.close();
    }
    // Though none is open: the system may have accepted one of which it has not told us yet.
    state_->await_late_requests([server = *this] { server.state_->has_looked(true); },
                                [server = *this] { server.state_->has_looked(false); });
    state_->close();
    state_->when_time_is_over([server = *this] { server.abort(); });
    if (state_->app.has_hooks()) state_->ending = state_->loop().create_task(end_life());
}

void HttpServer::abort() const {
    close();
    state_->abort();
    for (const Server& server : servers_) server.abort_clients();
}

Coro<> HttpServer::wait_closed() const {
    const HttpServer keep = *this;
    co_await keep.wait_connections();
    if (keep.state_->ending) co_await shield(keep.state_->ending);
}

Coro<> HttpServer::wait_connections() const {
    for (const Server& server : servers_) co_await server.wait_closed();
    co_await state_->wait_ended();
}

// One that has not begun still has to.
void HttpServer::cancel_hooks() const {
    if (state_->runs_hooks) state_->ending.cancel();
}

// What the application does at the end. It owes that to itself, whoever waits.
Coro<> HttpServer::end_life() const {
    const HttpServer keep = *this;
    keep.state_->runs_hooks = true;
    EndErrors errors;
    co_await collect(errors, keep.state_->app.shutdown());
    co_await collect(errors, keep.wait_connections());  // a cancel: what is left ends without further ado
    co_await collect(errors, keep.state_->app.cleanup());
    throw_all("the end of an application", std::move(errors));
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
    ServerOptions result{
        .backlog = options.backlog, .reuse_port = options.reuse_port, .start_serving = false, .tls = options.tls};
    if (options.tls && options.head_timeout.count() != 0) result.tls_handshake_timeout = options.head_timeout;
    return result;
}

ConnectionHandler connections_of(const Shared<HttpServerState>& state) {
    return ConnectionHandler(
        [state](StreamReader reader, StreamWriter writer) {
            return serve_connection(state, std::move(reader), std::move(writer));
        },
        false, [state](std::size_t clients) { return state->admits(clients); });
}

// Closes what listens already when something else cannot.
class Listening {
public:
    Listening() = default;
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() {
        for (const Server& server : servers_) server.close();
    }
    void add(const Server& server) { servers_.push_back(server); }
    std::vector<Server> start() {
        for (const Server& server : servers_) server.start_serving();
        return std::exchange(servers_, {});
    }

private:
    std::vector<Server> servers_;
};

// Either a host and a port, or addresses.
struct Where {
    std::string host = {};
    std::uint16_t port = 0;
    std::vector<Address> addresses = {};
};

Coro<HttpServer> listen(Shared<HttpServerState> state, Where where) {
    const ServerOptions options = stream_options(state->options);
    Listening listening;
    if (where.addresses.empty()) {
        std::vector<std::string> hosts;
        hosts.push_back(std::move(where.host));
        const Server server =
            co_await start_server_of(connections_of(state), std::move(hosts), where.port, options, here());
        listening.add(server);
    }
    for (Address& address : where.addresses) {
        const Server server = co_await start_server_of(connections_of(state), std::move(address), options, here());
        listening.add(server);
    }
    co_return HttpServer(listening.start(), std::move(state));
}

// The hooks come first: nobody is answered before they have run.
Coro<HttpServer> serve_where(Application app, Where where, ServeOptions options) {
    const auto state = Shared<HttpServerState>::make(app, options);
    co_await app.startup();
    std::exception_ptr error;
    try {
        co_return co_await listen(state, std::move(where));
    } catch (...) {
        error = std::current_exception();
    }
    try {
        co_await app.cleanup();
    } catch (...) {  // it goes under in what keeps it from serving
        get_running_loop().call_exception_handler({"Clean-up of an application failed", std::current_exception()});
    }
    std::rethrow_exception(error);
}

}  // namespace

Coro<HttpServer> serve(Application app, std::string host, std::uint16_t port, ServeOptions options) {
    Where where{.host = std::move(host), .port = port};
    co_return co_await serve_where(app, std::move(where), std::move(options));
}

Coro<HttpServer> serve(Application app, Address address, ServeOptions options) {
    Where where;
    where.addresses.push_back(std::move(address));
    co_return co_await serve_where(app, std::move(where), std::move(options));
}

Coro<HttpServer> serve(Application app, std::vector<Address> addresses, ServeOptions options) {
    if (addresses.empty()) throw ValueError("serve: there is no address to listen on");
    Where where{.addresses = std::move(addresses)};
    co_return co_await serve_where(app, std::move(where), std::move(options));
}

}  // namespace hocket::http
