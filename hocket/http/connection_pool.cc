// SPDX-License-Identifier: MIT
// Places in turn, connections that are kept, and the timer that looks after them.
#include <hocket/http/connection_pool_internal.h>

#include <hocket/flow/timeout.h>
#include <hocket/http/client_dialer_internal.h>
#include <hocket/http/client_route_internal.h>

#include <algorithm>

namespace hocket::http {

namespace {

/// Ended connections that nobody asks for are found so often.
constexpr Duration sweep_interval = std::chrono::seconds(1);

}  // namespace

ConnectionPool::ConnectionPool(const SessionOptions& options)
    : limit_(options.limit), limit_per_host_(options.limit_per_host), keepalive_(options.keepalive_timeout.count()) {}

ConnectionPool::~ConnectionPool() { close_idle(); }

void ConnectionPool::check_loop() {
    const std::uint64_t here = get_running_loop().mark();
    if (loop_mark_ == 0) loop_mark_ = here;
    if (loop_mark_ != here) throw RuntimeError("ClientSession is bound to a different event loop");
}

// ---- Hosts and places

PooledHost& ConnectionPool::host_of(const std::string& key) {
    const auto [found, is_new] = hosts_.try_emplace(key);
    if (is_new) found->second.key = key;
    return found->second;
}

void ConnectionPool::forget_if_unused(PooledHost& host) noexcept {
    if (host.used == 0 && host.waiting == 0 && host.idle.empty()) hosts_.erase(hosts_.find(host.key));
}

Lease ConnectionPool::take_place(PooledHost& host) noexcept {
    ++used_;
    ++host.used;
    share();
    return {*this, host};
}

void ConnectionPool::leave_place(PooledHost& host) noexcept {
    --used_;
    --host.used;
    hand_on();
    forget_if_unused(host);
}

// The first that waits and has room at its host. One whose wait was cancelled is on its way out of the queue.
void ConnectionPool::hand_on() noexcept {
    for (auto t = turns_.begin(); t != turns_.end() && (limit_ == 0 || used_ < limit_);) {
        Turn& turn = **t++;
        if (!turn.come.done() && has_room(turn.host)) turn.grant();
    }
}

ConnectionPool::Turn::Turn(ConnectionPool& pool, PooledHost& h)
    : host(h), pool_(pool), place_(pool.turns_.insert(pool.turns_.end(), this)) {
    ++host.waiting;
    pool_.share();
}

ConnectionPool::Turn::~Turn() {
    if (is_queued_) pool_.turns_.erase(place_);
    --host.waiting;
    if (is_granted_) {
        pool_.leave_place(host);
    } else {
        pool_.forget_if_unused(host);
    }
    pool_.drop();
}

void ConnectionPool::Turn::grant() {
    pool_.turns_.erase(place_);
    is_queued_ = false;
    is_granted_ = !pool_.is_closed_;
    if (is_granted_) {
        ++pool_.used_;
        ++host.used;
    }
    if (!come.done()) come.set_result();
}

Lease ConnectionPool::Turn::take() noexcept {
    if (!std::exchange(is_granted_, false)) return {};
    pool_.share();
    return {pool_, host};
}

// ---- Connections

Lease ConnectionPool::reuse(const std::string& key) {
    check_loop();
    const auto found = hosts_.find(key);
    if (found == hosts_.end() || found->second.idle.empty() || !has_room(found->second)) return {};
    Lease lease = take_place(found->second);
    if (take_idle(lease)) return lease;
    return {};
}

Coro<Lease> ConnectionPool::wait_for_place(PooledHost& host) {
    Turn turn(*this, host);
    co_await turn.come;
    co_return turn.take();
}

Coro<Lease> ConnectionPool::place_at(PooledHost& host, const Terms& terms) {
    const Duration limit = terms.timeouts.pool;
    tell(terms.trace, Trace::queued_start);
    Lease lease;
    try {
        lease = co_await timeout(limit.count() > 0 ? std::optional(limit) : std::nullopt, wait_for_place(host));
    } catch (const TimeoutError&) {
        throw PoolTimeout("no connection was free for " + in_seconds(limit));
    }
    tell(terms.trace, Trace::queued_end);
    co_return lease;
}

Coro<Lease> ConnectionPool::acquire(const SessionOptions& options, const ClientRoute& route, const Terms& terms,
                                    bool fresh) {
    check_loop();
    PooledHost& host = host_of(route.key);
    Lease lease;
    if (has_room(host)) {
        lease = take_place(host);
    } else {
        lease = co_await place_at(host, terms);
    }
    if (is_closed_) co_return Lease();
    if (!fresh && take_idle(lease)) co_return lease;
    if (fresh) close_idle_of(host);
    make_room();
    const TransportHandle transport = co_await open_in_time(options, route, terms);
    if (is_closed_) co_return Lease();
    attach(lease, Unique<ClientConnection>::make(transport));
    co_return lease;
}

Coro<TransportHandle> ConnectionPool::open_in_time(const SessionOptions& options, const ClientRoute& route,
                                                   const Terms& terms) {
    const Duration limit = terms.timeouts.connect;
    if (limit.count() <= 0) co_return co_await open(options, route, terms);
    try {
        co_return co_await timeout(limit, open(options, route, terms));
    } catch (const TimeoutError&) {
        throw ConnectTimeout("connect to " + route.server() +
                             (route.proxy ? " through the proxy " + route.proxy.name() : std::string()) +
                             ": timed out after " + in_seconds(limit));
    }
}

// A task of its own, which `close` can end. Nothing if it has.
Coro<TransportHandle> ConnectionPool::open(const SessionOptions& options, const ClientRoute& route,
                                           const Terms& terms) {
    Task<TransportHandle> task = create_task(dial(options, route, terms.trace));
    struct Entry {
        std::list<AnyTask>& list;
        std::list<AnyTask>::iterator place;
        ~Entry() { list.erase(place); }
    } const entry{opening_, opening_.insert(opening_.end(), task)};
    try {
        co_return co_await task;
    } catch (const CancelledError&) {
        if (!is_closed_ || current_task().cancelling() > 0) throw;
    }
    co_return TransportHandle();
}

// False: all that were kept were stale.
bool ConnectionPool::take_idle(Lease& lease) {
    PooledHost& host = *lease.host_;
    const std::int64_t now = this_loop->now();
    while (!host.idle.empty()) {
        Unique<ClientConnection> connection = std::move(host.idle.back());
        host.idle.pop_back();
        --idle_;
        if (is_stale(*connection, now)) continue;
        connection->is_used_again = true;
        attach(lease, std::move(connection));
        return true;
    }
    return false;
}

bool ConnectionPool::is_stale(const ClientConnection& connection, std::int64_t now) const noexcept {
    return now - connection.idle_since > keepalive_ || !connection.is_silent();
}

// A kept connection counts as one, too: the oldest goes when there would be too many.
void ConnectionPool::make_room() {
    if (limit_ == 0 || idle_ == 0 || used_ + idle_ <= limit_) return;
    PooledHost* oldest = nullptr;
    for (auto& [origin, host] : hosts_) {
        if (host.idle.empty()) continue;
        if (!oldest || host.idle.front()->idle_since < oldest->idle.front()->idle_since) oldest = &host;
    }
    oldest->idle.erase(oldest->idle.begin());
    --idle_;
    forget_if_unused(*oldest);
}

void ConnectionPool::attach(Lease& lease, Unique<ClientConnection> connection) {
    connection->place = in_use_.size();
    in_use_.push_back(connection.get());
    lease.connection_ = std::move(connection);
}

void ConnectionPool::detach(const ClientConnection& connection) noexcept {
    in_use_.back()->place = connection.place;
    in_use_[connection.place] = in_use_.back();
    in_use_.pop_back();
}

void Lease::give_back(bool keep) noexcept {
    if (!pool_) return;
    ConnectionPool* const pool = std::exchange(pool_, nullptr);
    if (connection_) pool->detach(*connection_);
    if (connection_ && keep) {
        pool->put_aside(*host_, std::move(connection_));
    } else {
        connection_.reset();
    }
    pool->leave_place(*host_);
    pool->drop();
}

void ConnectionPool::put_aside(PooledHost& host, Unique<ClientConnection> connection) {
    const bool runs_here = this_loop && this_loop->mark() == loop_mark_;
    if (is_closed_ || is_retired_ || keepalive_ <= 0 || !runs_here || !connection->is_reusable()) return;
    connection->idle_since = this_loop->now();
    host.idle.push_back(std::move(connection));
    ++idle_;
    arm_sweep();
}

// ---- Connections that nobody uses

void ConnectionPool::arm_sweep() {
    if (is_sweeping_) return;
    is_sweeping_ = true;
    const Duration kept = std::chrono::nanoseconds(keepalive_);
    sweep_ = this_loop->call_later(kept.count() < sweep_interval.count() ? kept : sweep_interval, [this] { sweep(); });
}

void ConnectionPool::sweep() {
    is_sweeping_ = false;
    const std::int64_t now = this_loop->now();
    for (auto h = hosts_.begin(); h != hosts_.end();) {
        PooledHost& host = (h++)->second;
        idle_ -= std::erase_if(host.idle, [&](const auto& connection) { return is_stale(*connection, now); });
        forget_if_unused(host);
    }
    if (idle_ > 0) arm_sweep();
}

void ConnectionPool::close_idle_of(PooledHost& host) noexcept {
    idle_ -= host.idle.size();
    host.idle.clear();
}

void ConnectionPool::close_idle() noexcept {
    for (auto h = hosts_.begin(); h != hosts_.end();) {
        PooledHost& host = (h++)->second;
        close_idle_of(host);
        forget_if_unused(host);
    }
    sweep_.cancel();
    sweep_ = Handle();
    is_sweeping_ = false;
}

void ConnectionPool::retire() noexcept {
    is_retired_ = true;
    close_idle();
}

void ConnectionPool::close() noexcept {
    is_closed_ = true;
    close_idle();
    for (ClientConnection* connection : in_use_) {
        connection->is_taken_away = true;
        connection->abort();
    }
    for (const AnyTask& task : opening_) task.cancel();
    while (!turns_.empty()) turns_.front()->grant();
}

}  // namespace hocket::http
