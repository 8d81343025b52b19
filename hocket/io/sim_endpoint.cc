// SPDX-License-Identifier: MIT
// How simulated sockets connect, carry bytes, and end.
#include <hocket/io/sim_endpoint.h>

#include <hocket/io/sim_backend.h>
#include <hocket/io/sim_kernel.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace hocket::sim {

namespace {
constexpr Duration syn_timeout = std::chrono::seconds(127);  // tcp_syn_retries (man 7 tcp)
constexpr Duration syn_again = std::chrono::seconds(1);
constexpr Duration silence_timeout = std::chrono::seconds(924);  // tcp_retries2
}  // namespace

Endpoint::Endpoint(Kernel& kernel, int domain, int type) noexcept : kernel_(kernel), domain_(domain), type_(type) {
    local_.local = domain == AF_UNIX;
    local_.ip.v6 = domain == AF_INET6;
}

bool Endpoint::is_datagram() const noexcept { return type_ == SOCK_DGRAM; }

bool Endpoint::is_of(const SocketAddress& address) const noexcept {
    return address.local ? domain_ == AF_UNIX : domain_ == (address.ip.v6 ? AF_INET6 : AF_INET);
}

void Endpoint::changed() noexcept {
    if (backend != nullptr) backend->advance(*this);
}

void Endpoint::tell_short(const char* what, std::size_t count, std::size_t could) const {
    const std::string sizes = " only " + std::to_string(count) + " of " + std::to_string(could) + " bytes ";
    const char* const preposition = *what == 's' ? "to " : "from ";
    kernel_.tell_of((what + sizes + preposition).c_str(), remote_, Told::small);
}

int Endpoint::take_error() noexcept { return -std::exchange(error_, 0); }

// ---- Names

int Endpoint::bind(const Shared<Endpoint>& self, const SocketAddress& address) {
    Endpoint& e = *self;
    if (!e.is_of(address) || e.has_local_) return -EINVAL;
    SocketAddress given = address;
    const int result = e.kernel_.claim(self, given);
    if (result < 0) return result;
    e.local_ = std::move(given);
    e.has_local_ = true;
    return 0;
}

// With the address from which a packet to `target` would come.
int Endpoint::bind_somewhere(const Shared<Endpoint>& self, const Ip& target) {
    Endpoint& e = *self;
    if (e.domain_ == AF_UNIX) return 0;  // it has a name, or none
    if (!e.has_local_) {
        SocketAddress any;
        any.ip.v6 = target.v6;
        if (e.is_datagram() && !e.has_remote_) return bind(self, any);
        any.ip = target.is_loopback() ? target : e.kernel_.ip(target.v6);
        return bind(self, any);
    }
    if (!e.is_datagram() && e.local_.ip.is_any()) e.local_.ip = target.is_loopback() ? target : e.kernel_.ip(target.v6);
    return 0;
}

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
        if (e.kernel_.network().tells()) e.kernel_.tell("listens on port " + std::to_string(e.local_.port), Told::life);
    } else {
        e.kernel_.tell_of("listens on ", e.local_, Told::life);
    }
    return 0;
}

// ---- Connections

int Endpoint::connect(const Shared<Endpoint>& self, const SocketAddress& given) {
    Endpoint& e = *self;
    if (!e.is_of(given)) return -EAFNOSUPPORT;
    SocketAddress to = given;
    if (!to.local && to.ip.is_any())
        to.ip = to.ip.v6 ? Ip{.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, .v6 = true}
                         : Ip::v4_of(0x7F000001);
    if (e.is_datagram()) {
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
    if (to.local && !target->listener_at(to)) return -ECONNREFUSED;
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
    self->kernel_.network().send(self->kernel_, to, self->last_packet_, {}, [&to, self] { syn_arrived(to, self); });
}

void Endpoint::syn_arrived(Kernel& kernel, const Shared<Endpoint>& client) {
    if (client->state_ != State::connecting) return;
    Network& network = kernel.network();
    const Shared<Endpoint> listener = kernel.listener_at(client->remote_);
    std::int64_t last = 0;
    const bool by_chance = listener && network.choices.chance(network.config.refused);
    if (by_chance) kernel.tell_of("listens, and refuses ", client->local_, Told::notable);
    if (!listener || by_chance) {
        network.send(kernel, client->kernel_, last, {}, [client] { client->failed(ECONNREFUSED); });
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
    server->local_ = client->remote_;
    server->remote_ = client->local_;
    server->has_local_ = server->has_remote_ = true;
    server->peer_ = client;
    listener->queue_.push_back(server);
    network.send(kernel, client->kernel_, server->last_packet_, {}, [client, server] { answered(client, server); });
    listener->changed();
}

void Endpoint::answered(const Shared<Endpoint>& client, const Shared<Endpoint>& server) {
    if (client->state_ != State::connecting) return reset_other(client->kernel_, server, client->last_packet_);
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

// ---- Bytes

int Endpoint::send(const Shared<Endpoint>& self, const char* data, std::size_t size) {
    Endpoint& e = *self;
    if (e.is_datagram()) {
        iovec piece{.iov_base = const_cast<char*>(data), .iov_len = size};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        return send_message(self, message);
    }
    if (e.error_ != 0) return e.take_error();
    if (e.state_ == State::connecting) return -EAGAIN;
    if (e.state_ != State::established || e.end_sent_) return -EPIPE;
    Network& network = e.kernel_.network();
    if (size == 0) return 0;
    if (e.outstanding_ >= network.config.buffer) return -EAGAIN;
    std::size_t count = std::min(size, network.config.buffer - e.outstanding_);
    if (network.choices.chance(network.config.short_io)) {
        const std::size_t could = count;
        count = 1 + network.choices.choose(static_cast<std::uint32_t>(count));
        if (network.tells() && count < could) e.tell_short("sends", count, could);
    }
    if (!e.pipe_ && network.choices.chance(network.config.reset)) {
        e.kernel_.tell_of("resets its connection to ", e.remote_, Told::notable);
        reset_other(e.kernel_, e.peer_, e.last_packet_);
        e.state_ = State::failed;
        network.after({}, [self] { self->changed(); });  // for those that wait: an operation of its is under way here
        return -ECONNRESET;
    }
    transmit(self, std::string(data, count));
    return static_cast<int>(count);
}

void Endpoint::transmit(const Shared<Endpoint>& self, std::string data) {
    Endpoint& e = *self;
    e.outstanding_ += data.size();
    e.sent_ += data.size();
    const std::span<const char> bytes = data;
    const Shared<Endpoint> peer = e.peer_;
    std::string copy(bytes.begin(), bytes.end());
    if (!e.kernel_.network().send(
            e.kernel_, peer->kernel_, e.last_packet_, bytes,
            [peer, self, content = std::move(copy)]() mutable { data_arrived(peer, self, std::move(content)); }))
        watch_for_silence(self);
}

// What was sent now has to be acknowledged some day.
void Endpoint::watch_for_silence(const Shared<Endpoint>& self) {
    self->kernel_.network().after(silence_timeout, [self, sent = self->sent_] {
        if (self->state_ == State::established && self->arrived_ < sent) self->failed(ETIMEDOUT);
    });
}

void Endpoint::data_arrived(const Shared<Endpoint>& self, const Shared<Endpoint>& sender, std::string data) {
    Endpoint& e = *self;
    if (e.state_ != State::established) {
        reset_other(e.kernel_, sender, e.last_packet_);
        return;
    }
    sender->arrived_ += data.size();
    if (const Network& network = e.kernel_.network(); network.tells())
        network.carried(sender->kernel_, e.kernel_, data.size(), "bytes from " + network.name_of(e.remote_));
    if (e.deaf_) {
        sender->outstanding_ -= data.size();
        return;
    }
    if (e.read_ == e.received_.size()) {
        e.received_ = std::move(data);
        e.read_ = 0;
    } else {
        e.received_ += data;
    }
    e.changed();
}

int Endpoint::receive(char* to, std::size_t size, int flags) {
    if (is_datagram()) {
        iovec piece{.iov_base = to, .iov_len = size};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        return receive_message(message, flags);
    }
    const std::size_t there = received_.size() - read_;
    if (there > 0) {
        std::size_t count = std::min(size, there);
        Network& network = kernel_.network();
        if (count > 1 && network.choices.chance(network.config.short_io)) {
            const std::size_t could = count;
            count = 1 + network.choices.choose(static_cast<std::uint32_t>(count));
            if (network.tells() && count < could) tell_short("reads", count, could);
        }
        std::memcpy(to, received_.data() + read_, count);
        if ((flags & MSG_PEEK) == 0) consumed(count);
        return static_cast<int>(count);
    }
    if (error_ != 0) return take_error();
    switch (state_) {
        case State::established: return end_seen_ || deaf_ ? 0 : -EAGAIN;
        case State::connecting: return -EAGAIN;
        case State::failed: return 0;
        default: return -ENOTCONN;
    }
}

void Endpoint::consumed(std::size_t count) {
    read_ += count;
    if (read_ == received_.size()) {
        received_.clear();
        read_ = 0;
    }
    if (!peer_ || peer_->is_closed()) return;
    peer_->outstanding_ -= std::min(count, peer_->outstanding_);
    if (peer_->writers.empty() && peer_->pollers.empty()) return;
    kernel_.network().send(kernel_, peer_->kernel_, last_packet_, {}, [peer = peer_] { peer->changed(); });
}

// ---- The end

int Endpoint::shutdown(const Shared<Endpoint>& self, int how) {
    Endpoint& e = *self;
    if (e.state_ == State::failed) return 0;
    if (e.state_ == State::listening) {  // it stops, and its port is free for others
        e.kernel_.release(e);
        e.refuse_queue();
        e.state_ = State::fresh;
        e.changed();
        return 0;
    }
    if (e.state_ != State::established && !(e.is_datagram() && e.has_remote_)) return -ENOTCONN;
    if (how != SHUT_WR) e.deaf_ = true;
    if (how != SHUT_RD && !e.is_datagram() && !std::exchange(e.end_sent_, true)) {
        const Shared<Endpoint> peer = e.peer_;
        e.kernel_.network().send(e.kernel_, peer->kernel_, e.last_packet_, {}, [peer] { peer->end_arrived(); });
    }
    e.changed();
    return 0;
}

void Endpoint::end_arrived() {
    if (state_ != State::established) return;
    end_seen_ = true;
    kernel_.tell_of("hears no more from ", remote_, Told::routine);
    changed();
}

void Endpoint::failed(int error) {
    if (state_ == State::closed || state_ == State::failed) return;
    error_ = pipe_ ? EPIPE : error;
    if (!is_datagram()) {
        const bool was_there = std::exchange(state_, State::failed) == State::established;
        if (kernel_.network().tells())
            kernel_.tell_of(was_there ? "loses its connection to " : "cannot reach ", remote_, Told::notable,
                            (std::string(": ") + strerror(error_)).c_str());
    }
    changed();
}

// `other` learns that nobody is here.
void Endpoint::reset_other(const Kernel& from, const Shared<Endpoint>& other, std::int64_t& last) {
    Network& network = from.network();
    network.send(*network.hosts[from.index()], other->kernel_, last, {}, [other] { other->failed(ECONNRESET); });
}

void Endpoint::close(const Shared<Endpoint>& self) {
    Endpoint& e = *self;
    const State before = std::exchange(e.state_, State::closed);
    e.kernel_.release(e);
    e.refuse_queue();
    const Shared<Endpoint> peer = std::exchange(e.peer_, nullptr);
    if (before == State::established && peer) {
        if (e.abortive_ || e.read_ < e.received_.size()) {
            reset_other(e.kernel_, peer, e.last_packet_);
        } else if (!e.end_sent_) {
            e.kernel_.network().send(e.kernel_, peer->kernel_, e.last_packet_, {}, [peer] { peer->end_arrived(); });
        }
    }
    e.backend = nullptr;
}

// Connections that nobody has accepted are reset.
void Endpoint::refuse_queue() {
    for (const auto& waiting : std::exchange(queue_, {})) {
        waiting->abortive_ = true;
        close(waiting);
    }
}

void Endpoint::vanish() noexcept {
    state_ = State::closed;
    peer_ = nullptr;
    backend = nullptr;
    for (const auto& waiting : std::exchange(queue_, {})) waiting->vanish();
}

}  // namespace hocket::sim
