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
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hocket::http {

class ConnectionPool;
struct ClientRoute;
struct Terms;

/// A server, and the way to it, as the pool knows it: forgotten when nobody uses it, waits for it, or is kept.
struct PooledHost {
    std::string key;                             // see ClientRoute
    std::size_t used = 0;                        // places: connections in use, or being made
    std::size_t waiting = 0;                     // turns that refer to this
    std::vector<Unique<ClientConnection>> idle;  // the one that was used last is the last
};

/// A place in the pool and, but while one is being made, a connection. What becomes of it unless `keep` is called: it is closed, and the
/// place is given to whoever waits longest.
class Lease {
public:
    Lease() noexcept = default;
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          host_(std::exchange(other.host_, nullptr)),
          connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(host_, other.host_);
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
    Lease(ConnectionPool& pool, PooledHost& host) noexcept : pool_(&pool), host_(&host) {}
    void give_back(bool keep) noexcept;

    ConnectionPool* pool_ = nullptr;  // holds a reference
    PooledHost* host_ = nullptr;
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

    /// A kept connection with the key of this route, if there is one and nobody waits before. Throws RuntimeError in a second loop.
    Lease reuse(const std::string& key);
    /// Waits for a place, then for the connection, if none is kept; `fresh`: make one in any case, since those that are kept may be as dead as
    /// the one that was tried. The caller holds a reference, and what this refers to. Empty if the pool was closed meanwhile. Throws PoolTimeout,
    /// ConnectTimeout, and what `dial` does; a cancel leaves nothing behind.
    Coro<Lease> acquire(const SessionOptions& options, const ClientRoute& route, const Terms& terms, bool fresh);

    /// Closes every connection, also those in use, and lets nobody wait.
    void close() noexcept;
    bool is_closed() const noexcept { return is_closed_; }
    /// No request will follow: closes the connections that are kept, and keeps no more.
    void retire() noexcept;

    /// Connections in use or being made, and those that are kept.
    std::size_t used() const noexcept { return used_; }
    std::size_t idle() const noexcept { return idle_; }

private:
    friend class Lease;

    /// The place in the queue of a task that waits.
    class Turn {
    public:
        Turn(ConnectionPool& pool, PooledHost& host);
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn();
        void grant();
        /// What was granted; nothing if the pool was closed.
        Lease take() noexcept;

        PooledHost& host;
        const Future<> come;

    private:
        ConnectionPool& pool_;
        std::list<Turn*>::iterator place_;
        bool is_queued_ = true;
        bool is_granted_ = false;
    };

    ~ConnectionPool();
    PooledHost& host_of(const std::string& key);
    void forget_if_unused(PooledHost& host) noexcept;
    bool has_room(const PooledHost& host) const noexcept {
        return (limit_ == 0 || used_ < limit_) && (limit_per_host_ == 0 || host.used < limit_per_host_);
    }
    Lease take_place(PooledHost& host) noexcept;
    void leave_place(PooledHost& host) noexcept;
    void hand_on() noexcept;
    Coro<Lease> wait_for_place(PooledHost& host);
    Coro<Lease> place_at(PooledHost& host, const Terms& terms);
    Coro<TransportHandle> open(const SessionOptions& options, const ClientRoute& route, const Terms& terms);
    Coro<TransportHandle> open_in_time(const SessionOptions& options, const ClientRoute& route, const Terms& terms);
    bool take_idle(Lease& lease);
    void make_room();
    void attach(Lease& lease, Unique<ClientConnection> connection);
    void detach(const ClientConnection& connection) noexcept;
    void put_aside(PooledHost& host, Unique<ClientConnection> connection);
    void close_idle_of(PooledHost& host) noexcept;
    void close_idle() noexcept;
    bool is_stale(const ClientConnection& connection, std::int64_t now) const noexcept;
    void sweep();
    void arm_sweep();
    void check_loop();

    std::uint32_t refs_ = 1;
    std::size_t limit_, limit_per_host_;
    std::int64_t keepalive_;
    bool is_closed_ = false;
    bool is_retired_ = false;
    std::size_t used_ = 0, idle_ = 0;
    std::unordered_map<std::string, PooledHost> hosts_;
    std::vector<ClientConnection*> in_use_;
    std::list<Turn*> turns_;
    std::list<AnyTask> opening_;  // connections that are being made
    Handle sweep_;
    bool is_sweeping_ = false;     // the timer is armed
    std::uint64_t loop_mark_ = 0;  // 0: no loop yet
};

}  // namespace hocket::http
