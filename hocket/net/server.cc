// SPDX-License-Identifier: MIT
// Servers: their sockets, their connections' tasks, and their end.
#include <hocket/net/server.h>

#include <hocket/net/listener_internal.h>
#include <hocket/net/resolve.h>
#include <hocket/net/socket_transport.h>

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

void ServerState::listener_gone(Listener& l) noexcept {
    std::erase(listeners_, &l);
    wake_if_over();
}

void ServerState::connected(int fd, const Address& peer) noexcept {
    EventLoop& loop = network_->loop();
    const InContext here(loop, context_);
    try {
        Descriptor descriptor(*network_, fd);
        TransportHandle transport(new SocketTransport(*network_, fd, peer, limit_, this));
        static_cast<void>(descriptor.release());
        share();  // the transport's
        ++clients_;
        Coro<> handler = handler_(StreamReader(transport), StreamWriter(transport));
        transport = TransportHandle();
        auto* task = new HandlerTask(loop, handler.release(), *this, created_at_);
        start_task(loop, *task, TaskOptions{});
        task->drop();
    } catch (...) {  // the handler was no coroutine function, and threw; or there is no memory
        loop.call_exception_handler({"Unhandled exception in client_connected_cb", std::current_exception()});
    }
}

void ServerState::client_gone() noexcept {
    --clients_;
    wake_if_over();
}

void ServerState::wake_if_over() noexcept {
    if (over()) all_over_.wake_all();
}

void ServerState::end_clients(bool abort) noexcept {
    std::vector<TransportHandle> mine;
    for (Socket* s = clients_ > 0 ? network_->first() : nullptr; s; s = s->next()) {
        auto* transport = dynamic_cast<SocketTransport*>(s);
        if (!transport || transport->server() != this) continue;
        transport->share();
        mine.emplace_back(transport);
    }
    for (const TransportHandle& transport : mine) abort ? transport->abort() : transport->close();
}

Coro<> ServerState::wait_closed() {
    while (!over()) co_await all_over_.suspend();
}

Coro<> ServerState::serve_forever() {
    if (serving_forever_) throw RuntimeError("the server is already being awaited on serve_forever()");
    start_serving();
    serving_forever_ = Future<>();
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

Server serve(ConnectionHandler handler, const std::vector<Address>& addresses, const ServerOptions& options,
             const void* where) {
    Network& network = Network::of(get_running_loop());
    auto* state = new ServerState(network, std::move(handler), options.limit, options.backlog, where);
    const Server server(state);
    std::size_t bound = 0;
    try {
        for (const Address& address : addresses) {
            const bool last_chance = &address == &addresses.back() && bound == 0;
            auto socket = bound_socket(network, address, options, !last_chance);
            if (!socket) continue;
            state->add(*std::move(socket), options.cleanup_socket);
            ++bound;
        }
        if (options.start_serving) state->start_serving();
    } catch (...) {
        state->close();
        throw;
    }
    return server;
}

}  // namespace

Coro<Server> start_server_of(ConnectionHandler handler, std::string host, std::uint16_t port, ServerOptions options,
                             const void* where) {
    Transport::check_limit(options.limit);
    const std::vector<Address> addresses =
        co_await getaddrinfo(host, port, {.family = options.family, .passive = true});
    co_return serve(std::move(handler), addresses, options, where);
}

Coro<Server> start_server_of(ConnectionHandler handler, Address address, ServerOptions options, const void* where) {
    Transport::check_limit(options.limit);
    co_return serve(std::move(handler), {address}, options, where);
}

}  // namespace hocket
