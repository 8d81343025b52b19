// SPDX-License-Identifier: MIT
// What a server's handles, listening sockets, connections and handler tasks share.
#pragma once

#include <hocket/base/function.h>
#include <hocket/base/memory.h>
#include <hocket/core/context.h>
#include <hocket/core/coro.h>
#include <hocket/core/future.h>
#include <hocket/core/gate.h>
#include <hocket/net/address.h>
#include <hocket/net/socket.h>
#include <hocket/net/stream_reader.h>
#include <hocket/net/stream_writer.h>

#include <cstdint>
#include <vector>

namespace hocket {

class Listener;
struct TlsSetup;
class SocketTransport;

/// What a server does with each connection.
struct ConnectionHandler {
    explicit ConnectionHandler(Function<Coro<>(StreamReader, StreamWriter)> function, bool waited_for = false,
                               Function<bool(std::size_t clients)> admission = {}) noexcept
        : call(std::move(function)), awaited(waited_for), admits(std::move(admission)) {}

    Function<Coro<>(StreamReader, StreamWriter)> call;
    /// The server is not over before the handler's tasks are, which owe their protocols `connection_lost`.
    bool awaited;
    /// Whether there is room for one more beside so many, handshakes among them. Else it is closed without a word. Empty: always.
    Function<bool(std::size_t clients)> admits;
};

class HOCKET_EXPORT ServerState final : public Pooled {
public:
    ServerState(Network& network, ConnectionHandler handler, std::size_t limit, int backlog, const void* where)
        : network_(&network),
          loop_mark_(network.loop().mark()),
          handler_(std::move(handler)),
          limit_(limit),
          backlog_(backlog),
          context_(current_context().copy()),
          created_at_(where) {}
    ServerState(const ServerState&) = delete;
    ServerState& operator=(const ServerState&) = delete;

    void share() noexcept { ++refs_; }
    void drop() noexcept {
        if (--refs_ == 0) delete this;
    }

    /// Takes over a bound socket. `cleanup`: its file, if it has one, is removed at the close.
    void add(Descriptor&& socket, bool cleanup);
    /// Throws RuntimeError when it is gone.
    EventLoop& loop() const;
    /// From now on connections are secured before the handler is called.
    void secure(Shared<const TlsSetup> tls) noexcept { tls_ = std::move(tls); }
    void start_serving();
    bool serving() const noexcept { return serving_; }
    bool closed() const noexcept { return closed_; }
    std::vector<Address> sockets() const;
    void close() noexcept;
    void accept_waiting() noexcept;
    /// All of `close` but the closing of the listening sockets, where each does that by itself.
    void mark_closed() noexcept;
    void end_clients(bool abort) noexcept;
    Coro<> serve_forever();
    Coro<> wait_closed();

    /// A connection was accepted: its handler becomes a task.
    void connected(int fd, const Address& peer) noexcept;
    void client_gone() noexcept;
    std::size_t clients() const noexcept { return clients_; }
    int backlog() const noexcept { return backlog_; }
    /// The loop closed the listening socket.
    void listener_gone(Listener& l) noexcept;

private:
    ~ServerState();
    bool over() const noexcept { return closed_ && clients_ == 0 && awaited_ == 0 && listeners_.empty(); }
    void wake_if_over() noexcept;
    Coro<> secured(TransportHandle transport);
    class Awaited;
    Coro<> awaited(Awaited self, TransportHandle transport);
    Coro<> handled(const TransportHandle& transport);

    std::uint32_t refs_ = 1;
    Network* network_;  // until the loop's end
    std::uint64_t loop_mark_;
    ConnectionHandler handler_;
    Shared<const TlsSetup> tls_;  // null: none
    std::size_t limit_;
    int backlog_;
    bool serving_ = false;
    bool closed_ = false;
    bool has_aborted_ = false;  // its connections
    std::size_t clients_ = 0;
    std::size_t awaited_ = 0;  // handlers that have not ended
    std::vector<Listener*> listeners_;
    ContextSlot context_;  // of `start_server`'s caller: handlers run in copies of it
    struct AllOver final : WaitPoint {
        const ServerState& server;
        explicit AllOver(const ServerState& s) noexcept : WaitPoint("Server.wait_closed"), server(s) {}
        void describe(AwaitDescription& to) const override;
    };
    struct Serving;
    AllOver all_over_{*this};
    const void* created_at_;
    Future<> serving_forever_ = nullptr;
};

/// What was accepted after the program's end, when its other tasks were cancelled already.
void cancel_handlers(EventLoop& loop) noexcept;
bool handlers_ended(const EventLoop& loop) noexcept;

}  // namespace hocket
