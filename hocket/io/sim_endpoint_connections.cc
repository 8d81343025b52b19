// SPDX-License-Identifier: MIT
// How simulated sockets of streams find each other.
#include <hocket/io/sim_endpoint_internal.h>

#include <hocket/io/sim_kernel_internal.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <utility>

namespace hocket::sim {

namespace {
constexpr Duration syn_timeout = std::chrono::seconds(127);  // tcp_syn_retries (man 7 tcp)
constexpr Duration syn_again = std::chrono::seconds(1);
}  // namespace

int Endpoint::listen(const Shared<Endpoint>& self, int backlog) {
    Endpoint& e = *self;
    if (e.is_datagram()) return -EOPNOTSUPP;
    if (e.state_ != State::fresh && e.state_ != State::listening) return -EINVAL;
    if (!e.has_local_) {
        if (e.domain_ == AF_UNIX) return -EINVAL;
        SocketAddress any;
        any.ip.v6 = e.domain_ == AF_INET6;
        if (const int result = bind(self, any); result < 0) return result;
    }
    e.state_ = State::listening;
    e.backlog_ = static_cast<std::size_t>(std::clamp(backlog, 0, 4096)) + 1;
    if (e.local_.ip.is_any() && !e.local_.local) {
        // A server that listens on IPv4 and IPv6 has two sockets.
        const bool told = e.kernel_.listens_on_all(!e.local_.ip.v6, e.local_.port);
        if (e.kernel_.network().tells())
            e.kernel_.tell("listens on port " + std::to_string(e.local_.port), told ? Told::routine : Told::life);
    } else {
        e.kernel_.tell_of("listens on ", e.local_, Told::life);
    }
    return 0;
}

int Endpoint::connect(const Shared<Endpoint>& self, const SocketAddress& given) {
    Endpoint& e = *self;
    if (!e.is_of(given)) return -EAFNOSUPPORT;
    SocketAddress to = given;
    if (!to.local && to.ip.is_any())
        to.ip = to.ip.v6 ? Ip{.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, .v6 = true}
                         : Ip::v4_of(0x7F000001);
    if (e.domain_ == AF_UNIX) {
        if (const int result = Kernel::look_up(to); result < 0) return result;
    }
    if (e.is_datagram()) {
        Shared<Endpoint> peer;
        if (const int result = e.domain_ == AF_UNIX ? find_local(self, to, peer) : 0; result < 0) return result;
        e.remote_ = to;
        e.has_remote_ = true;
        return bind_somewhere(self, to.ip);
    }
    switch (e.state_) {
        case State::fresh: break;
        case State::established: return -EISCONN;
        case State::connecting: return -EALREADY;
        default: return -EINVAL;
    }
    Kernel* const target = to.local || e.kernel_.is_own(to.ip) ? &e.kernel_ : e.kernel_.network().host_with(to.ip);
    if (target == nullptr) return -ENETUNREACH;
    if (to.local && !target->listener_at(to)) return target->nobody_at(false, to);
    if (const int result = bind_somewhere(self, to.ip); result < 0) return result;
    e.remote_ = to;
    e.has_remote_ = true;
    e.state_ = State::connecting;
    e.kernel_.tell_of("connects to ", to, Told::routine);
    e.kernel_.network().after(syn_timeout, [self] {
        if (self->state_ == State::connecting) self->failed(ETIMEDOUT);
    });
    try_to_connect(self, *target);
    return -EINPROGRESS;
}

void Endpoint::try_to_connect(const Shared<Endpoint>& self, Kernel& to) {
    self->kernel_.network().send(self->kernel_, to, self, self->last_packet_, {},
                                 [&to, self] { syn_arrived(to, self); });
}

void Endpoint::syn_arrived(Kernel& kernel, const Shared<Endpoint>& client) {
    if (client->state_ != State::connecting) return;
    Network& network = kernel.network();
    const Shared<Endpoint> listener = kernel.listener_at(client->remote_);
    std::int64_t last = 0;
    const bool over_network = client->domain_ != AF_UNIX;
    const bool by_chance = listener && over_network && network.choices.chance(network.config.refused);
    if (by_chance) kernel.tell_of("listens, and refuses ", client->local_, Told::notable);
    if (!listener || by_chance) {
        network.send(kernel, client->kernel_, {}, last, {}, [client] { client->failed(ECONNREFUSED); });
        return;
    }
    if (listener->queue_.size() >= listener->backlog_) {  // it is not heard, and comes again
        network.after(syn_again, [client, &kernel] {
            if (client->state_ == State::connecting) try_to_connect(client, kernel);
        });
        return;
    }
    const auto server = Shared<Endpoint>::make(kernel, client->domain_, client->type_);
    server->state_ = State::established;
    server->local_ = over_network ? client->remote_ : listener->local_;
    server->remote_ = client->local_;
    server->has_local_ = server->has_remote_ = true;
    server->peer_ = client;
    listener->queue_.push_back(server);
    network.send(kernel, client->kernel_, {}, server->last_packet_, {}, [client, server] { answered(client, server); });
    listener->changed();
}

void Endpoint::answered(const Shared<Endpoint>& client, const Shared<Endpoint>& server) {
    if (client->state_ != State::connecting) return reset_other(client->kernel_, server, client->last_packet_);
    // It was long in coming, and the server's host has started again: that asks once more.
    if (server->crashed() && server->kernel_.up()) return try_to_connect(client, server->kernel_);
    client->state_ = State::established;
    client->peer_ = server;
    client->kernel_.tell_of("is connected to ", client->remote_, Told::routine);
    client->changed();
}

int Endpoint::connected() {
    if (error_ != 0) return take_error();
    return state_ == State::connecting ? -EAGAIN : state_ == State::established ? 0 : -ENOTCONN;
}

int Endpoint::accept(Shared<Endpoint>& accepted) {
    if (state_ != State::listening) return -EINVAL;
    if (queue_.empty()) return -EAGAIN;
    accepted = std::move(queue_.front());
    queue_.pop_front();
    kernel_.tell_of("accepts ", accepted->remote_, Told::routine);
    return 0;
}

}  // namespace hocket::sim
