// SPDX-License-Identifier: MIT
// The connections of a client session: their number, who waits for one, and those that are kept for the next request.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/memory.h>
#include <hocket/base/owners.h>
#include <hocket/core/future.h>
#include <hocket/core/handle.h>
#include <hocket/core/task.h>
#include <hocket/http/client_connection_internal.h>
#include <hocket/http/request_options.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hocket::http {

class ConnectionPool;
class PoolTurn;
struct ClientRoute;
struct Terms;

/// A server, whatever the way to it: its connections are counted.
struct PooledHost {
    std::string place;                  // see ClientRoute
    std::size_t routes = 0;             // that lead here
    std::size_t used = 0;               // places: connections in use, or being made
    std::list<PoolTurn*> turns;         // who waits
    std::optional<std::uint64_t> next;  // where it stands in the pool's `next_`
};

/// A way to a server, as the pool knows it: forgotten when nobody uses it, waits for it, or is kept.
struct PooledRoute {
    std::string key;  // see ClientRoute
    PooledHost* host = nullptr;
    std::size_t users = 0;                       // leases and turns that refer to this
    std::vector<Unique<ClientConnection>> idle;  // the one that was used last is the last
};

/// A place in the pool and, but while one is being made, a connection. What becomes of it unless `keep` is called: it is closed, and the
/// place is given to whoever waits longest.
class Lease {
public:
    Lease() noexcept = default;
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          route_(std::exchange(other.route_, nullptr)),
          connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(route_, other.route_);
        std::swap(connection_, other.connection_);
        return *this;
    }
    ~Lease() { give_back(false); }

    /// Whether there is a connection.
    explicit operator bool() const noexcept { return static_cast<bool>(connection_); }
    ClientConnection* operator->() const noexcept { return connection_.get(); }

    /// The exchange is over and the server goes on listening: the connection is for the next request, if that is possible.
    void keep() noexcept { give_back(true); }
    void close() noexcept { give_back(false); }

private:
    friend class ConnectionPool;
    friend class PoolTurn;
    Lease(ConnectionPool& pool, PooledRoute& route) noexcept : pool_(&pool), route_(&route) {}
    void give_back(bool keep) noexcept;

    ConnectionPool* pool_ = nullptr;  // holds a reference
    PooledRoute* route_ = nullptr;
    Unique<ClientConnection> connection_;
};

/// Lives as long as the session or a lease. Belongs to one loop, the first on which it is asked for a connection.
///
/// Invariant: while there is a place and room at the host of a task that waits, no such task waits: whoever gives a place back
/// hands it on at once, so that nobody overtakes.
class ConnectionPool final : public Pooled {
public:
    explicit ConnectionPool(const SessionOptions& options);
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;

    void share() noexcept { ++refs_; }
    void drop() noexcept {
        if (--refs_ == 0) delete this;
    }

    /// A kept connection with the key of this route, if there is one and nobody waits before. `may_not_ask`: one on which something came with the
    /// loop's last look is taken as it is, though its server may have closed it since. Throws RuntimeError in a second loop.
    Lease reuse(const ClientRoute& route, bool may_not_ask);
    /// Waits for a place, then for the connection, if none is kept; `fresh`: make one in any case, since those that are kept may be as dead as
    /// the one that was tried. The caller holds a reference, and what this refers to. Empty if the pool was closed meanwhile. Throws PoolTimeout,
    /// ConnectTimeout, and what `dial` does; a cancel leaves nothing behind.
    Coro<Lease> acquire(const SessionOptions& options, const ClientRoute& route, const Terms& terms, bool fresh);

    /// Waits so long, or until the pool is closed.
    Coro<> pause(Duration span);

    /// Closes every connection, also those in use, and lets nobody wait.
    void close() noexcept;
    bool is_closed() const noexcept { return is_closed_; }
    /// No request will follow: closes the connections that are kept, and keeps no more.
    void retire() noexcept;

    /// Connections in use or being made, and those that are kept.
    std::size_t used() const noexcept { return used_; }
    std::size_t idle() const noexcept { return idle_; }
    /// Turns that were looked at to hand places on.
    std::size_t looked_at() const noexcept { return looked_at_; }

private:
    friend class Lease;
    friend class PoolTurn;

    ~ConnectionPool();
    PooledRoute& route_of(const ClientRoute& route);
    void forget_if_unused(PooledRoute& route) noexcept;
    bool has_room() const noexcept { return limit_ == 0 || used_ < limit_; }
    bool has_room(const PooledHost& host) const noexcept;
    Lease take_place(PooledRoute& route);
    void leave_place(PooledRoute& route) noexcept;
    void line_up(PooledHost& host);
    void hand_on() noexcept;
    Coro<Lease> wait_for_place(PooledRoute& route);
    Coro<Lease> place_at(PooledRoute& route, const Terms& terms);
    Coro<TransportHandle> open(const SessionOptions& options, const ClientRoute& route, const Terms& terms);
    Coro<TransportHandle> open_in_time(const SessionOptions& options, const ClientRoute& route, const Terms& terms);
    bool take_idle(Lease& lease, bool may_not_ask);
    void make_room();
    void attach(Lease& lease, Unique<ClientConnection> connection);
    void detach(const ClientConnection& connection) noexcept;
    void put_aside(PooledRoute& route, Unique<ClientConnection> connection);
    void close_idle_of(PooledRoute& route) noexcept;
    void close_idle() noexcept;
    bool is_too_old(const ClientConnection& connection, std::int64_t now) const noexcept;
    void sweep();
    void arm_sweep();
    void check_loop();

    std::uint32_t refs_ = 1;
    std::size_t limit_, limit_per_host_;
    std::int64_t keepalive_;
    bool is_closed_ = false;
    bool is_retired_ = false;
    std::size_t used_ = 0, idle_ = 0;
    std::size_t looked_at_ = 0;
    std::unordered_map<std::string, PooledRoute> routes_;  // by their keys
    std::unordered_map<std::string, PooledHost> hosts_;    // by scheme, host and port
    std::vector<ClientConnection*> in_use_;
    std::uint64_t turns_ = 0;                    // numbers that were given out
    std::map<std::uint64_t, PooledHost*> next_;  // hosts that have room, by the number of whoever waits there first
    std::list<Future<>> pauses_;
    std::list<AnyTask> opening_;  // connections that are being made
    Handle sweep_;
    bool is_sweeping_ = false;     // the timer is armed
    std::uint64_t loop_mark_ = 0;  // 0: no loop yet
};

/// The place in the queue of a task that waits. It lives as long as the task waits for `come`.
class PoolTurn {
public:
    PoolTurn(ConnectionPool& pool, PooledRoute& route);
    PoolTurn(const PoolTurn&) = delete;
    PoolTurn& operator=(const PoolTurn&) = delete;
    ~PoolTurn();
    void grant();
    /// Takes it out of the queue of its host.
    void leave_queue() noexcept;
    /// What was granted; nothing if the pool was closed.
    Lease take() noexcept;

    PooledRoute& route;
    const std::uint64_t number;  // who came first
    const Future<> come;

private:
    struct Coming;
    ConnectionPool& pool_;
    std::list<PoolTurn*>::iterator place_;
    bool is_queued_ = true;
    bool is_granted_ = false;
};

}  // namespace hocket::http
