// SPDX-License-Identifier: MIT
// Places in turn, connections that are kept, and the timer that looks after them.
#include <hocket/http/connection_pool_internal.h>

#include <hocket/core/await_graph.h>
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

PooledRoute& ConnectionPool::route_of(const ClientRoute& route) {
    const auto [found, is_new] = routes_.try_emplace(route.key);
    if (is_new) {
        found->second.key = route.key;
        PooledHost& host = hosts_.try_emplace(route.place).first->second;
        if (host.routes++ == 0) host.place = route.place;
        found->second.host = &host;
    }
    return found->second;
}

void ConnectionPool::forget_if_unused(PooledRoute& route) noexcept {
    if (route.users > 0 || !route.idle.empty()) return;
    PooledHost& host = *route.host;
    routes_.erase(routes_.find(route.key));
    if (--host.routes == 0) hosts_.erase(hosts_.find(host.place));
}

bool ConnectionPool::has_room(const PooledHost& host) const noexcept {
    return has_room() && (limit_per_host_ == 0 || host.used < limit_per_host_);
}

Lease ConnectionPool::take_place(PooledRoute& route) {
    ++used_;
    ++route.users;
    ++route.host->used;
    line_up(*route.host);
    share();
    return {*this, route};
}

void ConnectionPool::leave_place(PooledRoute& route) noexcept {
    --used_;
    --route.users;
    --route.host->used;
    line_up(*route.host);
    hand_on();
    forget_if_unused(route);
}

// Where a host stands in the order of those that have room, after a change of either.
void ConnectionPool::line_up(PooledHost& host) {
    const bool is_next = !host.turns.empty() && (limit_per_host_ == 0 || host.used < limit_per_host_);
    const std::optional<std::uint64_t> number = is_next ? std::optional(host.turns.front()->number) : std::nullopt;
    if (number == host.next) return;
    if (host.next) next_.erase(*host.next);
    host.next = number;
    if (number) next_.emplace(*number, &host);
}

// The first that waits and has room at its host. One whose wait was cancelled is on its way out of the queue.
void ConnectionPool::hand_on() noexcept {
    while (has_room() && !next_.empty()) {
        ++looked_at_;
        PoolTurn& turn = *next_.begin()->second->turns.front();
        turn.come.done() ? turn.leave_queue() : turn.grant();
    }
}

struct PoolTurn::Coming final : FutureState<void> {
    const PoolTurn& turn;
    explicit Coming(const PoolTurn& t) : FutureState<void>(get_running_loop()), turn(t) {}
    void describe(AwaitDescription& to) const override {
        to.is_over = done();
        const ConnectionPool& pool = turn.pool_;
        const PooledHost& host = *turn.route.host;
        const bool is_host_full = pool.has_room();
        to.text = "a connection to " + host.place + ", " + std::to_string(is_host_full ? host.used : pool.used_) +
                  " of " + std::to_string(is_host_full ? pool.limit_per_host_ : pool.limit_) + " in use";
    }
};

PoolTurn::PoolTurn(ConnectionPool& pool, PooledRoute& r)
    : route(r),
      number(pool.turns_++),
      come(FutureHandle(new Coming(*this))),
      pool_(pool),
      place_(r.host->turns.insert(r.host->turns.end(), this)) {
    ++route.users;
    pool_.line_up(*route.host);
    pool_.share();
}

PoolTurn::~PoolTurn() {
    leave_queue();
    if (is_granted_) {
        pool_.leave_place(route);
    } else {
        --route.users;
        pool_.forget_if_unused(route);
    }
    pool_.drop();
}

void PoolTurn::leave_queue() noexcept {
    if (!std::exchange(is_queued_, false)) return;
    route.host->turns.erase(place_);
    pool_.line_up(*route.host);
}

void PoolTurn::grant() {
    is_granted_ = !pool_.is_closed_;
    if (is_granted_) {
        ++pool_.used_;
        ++route.host->used;
    }
    leave_queue();
    if (!come.done()) come.set_result();
}

// Who has it goes on being one of the route's users.
Lease PoolTurn::take() noexcept {
    if (!std::exchange(is_granted_, false)) return {};
    ++route.users;
    pool_.share();
    return {pool_, route};
}

// ---- Connections

Lease ConnectionPool::reuse(const ClientRoute& route, bool may_not_ask) {
    check_loop();
    const auto found = routes_.find(route.key);
    if (found == routes_.end() || found->second.idle.empty() || !has_room(*found->second.host)) return {};
    Lease lease = take_place(found->second);
    if (take_idle(lease, may_not_ask)) return lease;
    return {};
}

Coro<Lease> ConnectionPool::wait_for_place(PooledRoute& route) {
    PoolTurn turn(*this, route);
    co_await turn.come;
    co_return turn.take();
}

Coro<Lease> ConnectionPool::place_at(PooledRoute& route, const Terms& terms) {
    const Duration limit = terms.timeouts.pool;
    tell(terms.trace, Trace::queued_start);
    Lease lease;
    try {
        lease = co_await timeout(limit.count() != 0 ? std::optional(limit) : std::nullopt, wait_for_place(route));
    } catch (const TimeoutError&) {
        throw PoolTimeout("no connection was free for " + in_seconds(limit));
    }
    tell(terms.trace, Trace::queued_end);
    co_return lease;
}

Coro<Lease> ConnectionPool::acquire(const SessionOptions& options, const ClientRoute& route, const Terms& terms,
                                    bool fresh) {
    check_loop();
    PooledRoute& way = route_of(route);
    Lease lease;
    if (has_room(*way.host)) {
        lease = take_place(way);
    } else {
        lease = co_await place_at(way, terms);
    }
    if (is_closed_) co_return Lease();
    if (!fresh && take_idle(lease, false)) co_return lease;
    if (fresh) close_idle_of(way);
    make_room();
    const TransportHandle transport = co_await open_in_time(options, route, terms);
    if (is_closed_) co_return Lease();
    attach(lease, Unique<ClientConnection>::make(transport, options.limits));
    co_return lease;
}

Coro<TransportHandle> ConnectionPool::open_in_time(const SessionOptions& options, const ClientRoute& route,
                                                   const Terms& terms) {
    const Duration limit = terms.timeouts.connect;
    if (limit.count() == 0) co_return co_await open(options, route, terms);
    Timeout entered;
    try {
        co_return co_await timeout(limit, [&](Timeout& timer) {
            entered = timer;
            return open(options, route, terms);
        });
    } catch (const TimeoutError&) {
        if (!entered.expired()) throw;  // the program's own
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

Coro<> ConnectionPool::pause(Duration span) {
    const Future<> over;
    struct Entry {
        std::list<Future<>>& list;
        std::list<Future<>>::iterator place;
        Handle timer;
        ~Entry() {
            timer.cancel();
            list.erase(place);
        }
    } entry{pauses_, pauses_.insert(pauses_.end(), over), Handle()};
    entry.timer = this_loop->call_later(span, [over] {
        if (!over.done()) over.set_result();
    });
    if (is_closed_) co_return;
    co_await over;
}

// False: all that were kept were stale. `may_not_ask`: where something has just come on one, the system has to say nothing that counts for long.
bool ConnectionPool::take_idle(Lease& lease, bool may_not_ask) {
    PooledRoute& route = *lease.route_;
    const std::int64_t now = this_loop->now();
    while (!route.idle.empty()) {
        Unique<ClientConnection> connection = std::move(route.idle.back());
        route.idle.pop_back();
        --idle_;
        connection->is_unasked = may_not_ask && connection->is_fresh();
        if (is_too_old(*connection, now) || !(connection->is_unasked || connection->is_silent())) continue;
        connection->is_used_again = true;
        attach(lease, std::move(connection));
        return true;
    }
    return false;
}

bool ConnectionPool::is_too_old(const ClientConnection& connection, std::int64_t now) const noexcept {
    return now - connection.idle_since > keepalive_;
}

// A kept connection counts as one, too: the oldest goes when there would be too many.
void ConnectionPool::make_room() {
    if (limit_ == 0 || idle_ == 0 || used_ + idle_ <= limit_) return;
    PooledRoute* oldest = nullptr;
    for (auto& [key, route] : routes_) {
        if (route.idle.empty()) continue;
        if (!oldest || route.idle.front()->idle_since < oldest->idle.front()->idle_since) oldest = &route;
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
        pool->put_aside(*route_, std::move(connection_));
    } else {
        connection_.reset();
    }
    pool->leave_place(*route_);
    pool->drop();
}

void ConnectionPool::put_aside(PooledRoute& route, Unique<ClientConnection> connection) {
    const bool runs_here = this_loop && this_loop->mark() == loop_mark_;
    if (is_closed_ || is_retired_ || keepalive_ <= 0 || !runs_here || !connection->is_reusable()) return;
    connection->idle_since = this_loop->now();
    route.idle.push_back(std::move(connection));
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
    for (auto r = routes_.begin(); r != routes_.end();) {
        PooledRoute& route = (r++)->second;
        idle_ -= std::erase_if(route.idle, [&](const auto& connection) {
            return is_too_old(*connection, now) || !connection->is_silent();
        });
        forget_if_unused(route);
    }
    if (idle_ > 0) arm_sweep();
}

void ConnectionPool::close_idle_of(PooledRoute& route) noexcept {
    idle_ -= route.idle.size();
    route.idle.clear();
}

void ConnectionPool::close_idle() noexcept {
    for (auto r = routes_.begin(); r != routes_.end();) {
        PooledRoute& route = (r++)->second;
        close_idle_of(route);
        forget_if_unused(route);
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
        connection->stop_sending();
        connection->abort();
    }
    for (const AnyTask& task : opening_) task.cancel();
    for (auto& [place, host] : hosts_) {
        while (!host.turns.empty()) host.turns.front()->grant();
    }
    for (const Future<>& pause : pauses_) {
        if (!pause.done()) pause.set_result();
    }
}

}  // namespace hocket::http
