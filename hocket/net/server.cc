// SPDX-License-Identifier: MIT
// Servers: their sockets, their connections' tasks, and their end.
#include <hocket/net/server.h>

#include <hocket/core/await_graph.h>
#include <hocket/flow/gather.h>
#include <hocket/net/listener_internal.h>
#include <hocket/net/resolve.h>
#include <hocket/net/socket_transport.h>
#include <hocket/net/tls_transport_internal.h>

#include <algorithm>
#include <cerrno>

namespace hocket {

namespace {

/// The task of a connection's handler. It holds the server, in which the handler lives, and reports what the handler threw.
struct HandlerTask final : State<TaskBase, void> {
    ServerState& server;

    HandlerTask(EventLoop& loop, Coro<>::Frame handler, ServerState& s, const void* where)
        : State<TaskBase, void>(loop, handler, TaskOptions{}, where), server(s) {
        server.share();
    }
    ~HandlerTask() override { server.drop(); }

    void harvest() noexcept override {
        if (loop().raised) return failed();
        const bool was_cancelled = flags & f_must_cancel;
        frame.destroy();
        conclude(was_cancelled ? f_cancelled : 0);
    }

private:
    void failed() noexcept {
        share();
        conclude_raised(frame);
        if (!cancelled() && !ends_the_loop(error)) {
            mark_retrieved();
            loop().call_exception_handler({"Unhandled exception in client_connected_cb", error, this});
        }
        drop();
    }
};

bool is_handler(TaskBase& t) noexcept { return dynamic_cast<HandlerTask*>(&t); }

// While it lives, the loop's callbacks have a copy of `context`, and no task is the current one.
class InContext {
public:
    InContext(EventLoop& loop, const ContextSlot& context) noexcept
        : loop_(loop),
          task_(std::exchange(loop.current, nullptr)),
          outer_(std::exchange(loop.callback_context, context.copy())) {}
    InContext(const InContext&) = delete;
    InContext& operator=(const InContext&) = delete;
    ~InContext() {
        loop_.callback_context = std::move(outer_);
        loop_.current = task_;
    }

private:
    EventLoop& loop_;
    TaskBase* task_;
    ContextSlot outer_;
};

}  // namespace

// ---- The state

ServerState::~ServerState() = default;

void ServerState::add(Descriptor&& socket, bool cleanup) {
    listeners_.reserve(listeners_.size() + 1);
    listeners_.push_back(new Listener(*network_, socket.get(), *this, cleanup));
    static_cast<void>(socket.release());
}

EventLoop& ServerState::loop() const {
    if (EventLoop* loop = EventLoop::with_mark(loop_mark_)) return *loop;
    throw RuntimeError("Event loop is closed");
}

void ServerState::start_serving() {
    if (closed_) throw RuntimeError("server is closed");
    if (std::exchange(serving_, true)) return;
    for (Listener* l : listeners_) l->listen();
}

std::vector<Address> ServerState::sockets() const {
    std::vector<Address> addresses;
    if (closed_) return addresses;
    for (const Listener* l : listeners_) addresses.push_back(l->address());
    return addresses;
}

void ServerState::mark_closed() noexcept {
    if (std::exchange(closed_, true)) return;
    serving_ = false;
    if (serving_forever_) serving_forever_.cancel();
}

void ServerState::close() noexcept {
    if (closed_) return;
    share();  // the listeners may hold the last reference
    mark_closed();
    const std::vector<Listener*> open = listeners_;
    for (Listener* l : open) l->close();
    wake_if_over();
    drop();
}

void ServerState::accept_waiting() noexcept {
    const std::vector<Listener*> open = listeners_;
    for (Listener* l : open) l->accept_waiting();
}

void ServerState::listener_gone(Listener& l) noexcept {
    std::erase(listeners_, &l);
    wake_if_over();
}

// A parameter, which ends with the frame even if that was never run.
class ServerState::Awaited {
public:
    explicit Awaited(ServerState& server) noexcept : server_(&server) { ++server.awaited_; }
    Awaited(Awaited&& other) noexcept : server_(std::exchange(other.server_, nullptr)) {}
    Awaited& operator=(Awaited&&) = delete;
    ~Awaited() {
        if (!server_) return;
        --server_->awaited_;
        server_->wake_if_over();
    }

private:
    ServerState* server_;  // which the task holds
};

void ServerState::connected(int fd, const Address& peer) noexcept {
    EventLoop& loop = network_->loop();
    const InContext here(loop, context_);
    try {
        Descriptor descriptor(*network_, fd);
        if (handler_.admits && !handler_.admits(clients_)) return;
        TransportHandle transport(new SocketTransport(*network_, fd, peer, limit_, this));
        static_cast<void>(descriptor.release());
        share();  // the transport's
        ++clients_;
        Coro<> handler = handler_.awaited ? awaited(Awaited(*this), transport) : handled(transport);
        transport = TransportHandle();
        auto* task = new HandlerTask(loop, handler.release(), *this, created_at_);
        start_task(loop, *task, TaskOptions{});
        task->drop();
    } catch (...) {  // the handler was no coroutine function, and threw; or there is no memory
        loop.call_exception_handler({"Unhandled exception in client_connected_cb", std::current_exception()});
    }
}

Coro<> ServerState::secured(TransportHandle transport) {
    try {
        co_await start_tls(transport, *tls_);
    } catch (const std::exception&) {  // a cancel is none, and goes on
        // Anybody can have one fail, as often as he likes.
        EventLoop& loop = network_->loop();
        if (loop.get_debug() && !has_aborted_) {
            loop.call_exception_handler({"TLS handshake failed", std::current_exception()});
        }
        co_return;
    }
    StreamReader reader(transport);
    StreamWriter writer(std::move(transport));  // which is the handler's alone
    co_await handler_.call(std::move(reader), std::move(writer));
}

Coro<> ServerState::awaited(Awaited, TransportHandle transport) { co_await handled(transport); }

HOCKET_CORO_WRAPPER Coro<> ServerState::handled(const TransportHandle& transport) {
    return tls_ ? secured(transport) : handler_.call(StreamReader(transport), StreamWriter(transport));
}

void ServerState::client_gone() noexcept {
    --clients_;
    wake_if_over();
}

void ServerState::wake_if_over() noexcept {
    if (over()) all_over_.wake_all();
}

void ServerState::end_clients(bool abort) noexcept {
    has_aborted_ |= abort;
    std::vector<TransportHandle> mine;
    for (Socket* s = clients_ > 0 ? network_->first() : nullptr; s; s = s->next()) {
        auto* transport = dynamic_cast<SocketTransport*>(s);
        if (!transport || transport->server() != this) continue;
        transport->share();
        mine.emplace_back(transport);
    }
    for (const TransportHandle& transport : mine) abort ? transport->abort() : transport->close();
}

void ServerState::AllOver::describe(AwaitDescription& to) const {
    to.text = "Server.wait_closed, " + std::to_string(server.clients_) +
              (server.clients_ == 1 ? " connection left" : " connections left");
}

// A future that is never done: only a cancel, or `close`, ends it.
struct ServerState::Serving final : FutureState<void> {
    const ServerState& server;
    Serving(EventLoop& loop, const ServerState& s) noexcept : FutureState<void>(loop), server(s) {}
    void describe(AwaitDescription& to) const override {
        to.is_over = done();
        to.text = "Server.serve_forever";
        const char* before = " on ";
        for (const Address& address : server.sockets()) to.text += std::exchange(before, ", ") + address.str();
    }
};

Coro<> ServerState::wait_closed() {
    while (!over()) co_await all_over_.suspend();
}

Coro<> ServerState::serve_forever() {
    if (serving_forever_) throw RuntimeError("the server is already being awaited on serve_forever()");
    start_serving();
    serving_forever_ = Future<>(FutureHandle(new Serving(loop(), *this)));
    std::exception_ptr ended;
    try {
        const Future<> until_then = serving_forever_;
        co_await until_then;
    } catch (...) {  // the cancel goes on when the server is closed
        ended = std::current_exception();
    }
    serving_forever_ = nullptr;
    close();
    co_await wait_closed();
    std::rethrow_exception(ended);
}

void cancel_handlers(EventLoop& loop) noexcept {
    for (TaskBase* t = loop.tasks; t; t = t->older) {
        if (is_handler(*t)) t->cancel();
    }
}

bool handlers_ended(const EventLoop& loop) noexcept {
    for (TaskBase* t = loop.tasks; t; t = t->older) {
        if (is_handler(*t)) return false;
    }
    return true;
}

// ---- Handles

Coro<> Server::serve_forever() const {
    const Server keep = *this;
    co_await keep.state_->serve_forever();
}

Coro<> Server::wait_closed() const {
    const Server keep = *this;
    co_await keep.state_->wait_closed();
}

std::uint16_t Server::port() const {
    const std::vector<Address> addresses = sockets();
    return addresses.empty() ? 0 : addresses.front().port();
}

Coro<Server> Server::aenter() const { co_return *this; }

Coro<> Server::aexit(std::exception_ptr) const {
    const Server keep = *this;
    keep.close();
    co_await keep.state_->wait_closed();
}

// ---- Starting

namespace {

// A socket bound to `address`; nothing for a family that this machine does not have, if others may serve.
std::optional<Descriptor> bound_socket(Network& network, const Address& address, const ServerOptions& options,
                                       bool others) {
    try {
        Descriptor socket = stream_socket(network, address);
        if (options.reuse_address && address.is_ip()) set_option(network, socket.get(), SocketOption::reuse_address);
        if (options.reuse_port) {
            const int shared = set_option(network, socket.get(), SocketOption::reuse_port);
            if (shared < 0) throw OSError(-shared, "share the port of " + address.str());
        }
        if (options.keep_alive) set_option(network, socket.get(), SocketOption::keep_alive);
        if (address.family() == AddressFamily::ipv6) set_option(network, socket.get(), SocketOption::ipv6_only);
        if (address.is_ip()) set_option(network, socket.get(), SocketOption::no_delay);  // its connections inherit it
        if (socket_file(address) != 0) remove_socket_file(address);  // one that a server left behind
        bind_socket(network, socket.get(), address);
        return socket;
    } catch (const OSError& e) {
        if (others && (e.error_number() == EAFNOSUPPORT || e.error_number() == EADDRNOTAVAIL)) return std::nullopt;
        throw;
    }
}

Shared<const TlsSetup> tls_of(const ServerOptions& options) {
    if (!options.tls) {
        check_no_tls_timeouts(options.tls_handshake_timeout, options.tls_shutdown_timeout);
        return nullptr;
    }
    return Shared<const TlsSetup>::make(tls_setup(TlsSide::server, options.tls, std::nullopt,
                                                  options.tls_handshake_timeout, options.tls_shutdown_timeout));
}

// A server that is closed again if it does not come to its start.
class Starting {
public:
    Network& network = Network::of(get_running_loop());

    Starting(ConnectionHandler handler, const ServerOptions& options, const void* where)
        : options_(options),
          state_(*new ServerState(network, std::move(handler), options.limit, options.backlog, where)),
          server_(&state_) {
        state_.secure(tls_of(options));
    }
    Starting(const Starting&) = delete;
    Starting& operator=(const Starting&) = delete;
    ~Starting() {
        if (!started_) state_.close();
    }

    void add(Descriptor socket) { state_.add(std::move(socket), options_.cleanup_socket); }
    Server start() {
        if (options_.start_serving) state_.start_serving();
        started_ = true;
        return server_;
    }

private:
    const ServerOptions& options_;
    ServerState& state_;
    Server server_;
    bool started_ = false;
};

Server serve(ConnectionHandler handler, const std::vector<Address>& addresses, const ServerOptions& options,
             const void* where) {
    if (addresses.empty()) throw ValueError("there is no address to connect to or to listen on");
    Starting server(std::move(handler), options, where);
    std::size_t bound = 0;
    for (const Address& address : addresses) {
        const bool last_chance = &address == &addresses.back() && bound == 0;
        auto socket = bound_socket(server.network, address, options, !last_chance);
        if (!socket) continue;
        server.add(*std::move(socket));
        ++bound;
    }
    return server.start();
}

// Each address once, in the order of the hosts.
Coro<std::vector<Address>> resolve_all(std::vector<std::string> hosts, Port port, ResolveOptions options) {
    std::vector<Coro<std::vector<Address>>> questions;
    questions.reserve(hosts.size());
    for (std::string& host : hosts) questions.push_back(getaddrinfo(std::move(host), port, options));
    const std::vector<std::vector<Address>> answers = co_await gather(std::move(questions));
    std::vector<Address> all;
    for (const std::vector<Address>& addresses : answers) {
        for (const Address& a : addresses) {
            if (std::ranges::find(all, a) == all.end()) all.push_back(a);
        }
    }
    co_return all;
}

}  // namespace

Coro<Server> start_server_of(ConnectionHandler handler, std::vector<std::string> hosts, Port port,
                             ServerOptions options, const void* where) {
    Transport::check_limit(options.limit);
    if (options.sock >= 0) throw ValueError("host/port and sock can not be specified at the same time");
    tls_of(options);  // which is refused before anybody is asked
    const ResolveOptions to_listen{.family = options.family, .passive = true};
    std::vector<Address> addresses;
    if (hosts.size() == 1) {
        addresses = co_await getaddrinfo(std::move(hosts.front()), std::move(port), to_listen);
    } else {
        addresses = co_await resolve_all(std::move(hosts), std::move(port), to_listen);
    }
    co_return serve(std::move(handler), addresses, options, where);
}

Coro<Server> start_server_of(ConnectionHandler handler, Address address, ServerOptions options, const void* where) {
    Transport::check_limit(options.limit);
    if (options.sock >= 0) throw ValueError("address and sock can not be specified at the same time");
    co_return serve(std::move(handler), {address}, options, where);
}

Coro<Server> start_server_of(ConnectionHandler handler, ServerOptions options, const void* where) {
    Transport::check_limit(options.limit);
    if (options.sock < 0) throw ValueError("neither an address nor sock was specified");
    Starting server(std::move(handler), options, where);
    Descriptor socket = given_socket(server.network, options.sock, options.family);
    if (local_address(server.network, socket.get()).is_ip())
        set_option(server.network, socket.get(), SocketOption::no_delay);  // its connections inherit it
    server.add(std::move(socket));
    co_return server.start();
}

}  // namespace hocket
