// SPDX-License-Identifier: MIT
// What simulated sockets are named, how they carry bytes, and how they end.
#include <hocket/io/sim_endpoint_internal.h>

#include <hocket/io/sim_backend_internal.h>
#include <hocket/io/sim_kernel_internal.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace hocket::sim {

namespace {
constexpr Duration silence_timeout = std::chrono::seconds(924);  // tcp_retries2 (man 7 tcp)
}  // namespace

Endpoint::Endpoint(Kernel& kernel, int domain, int type) noexcept
    : kernel_(kernel), crashes_(kernel.crashes()), domain_(domain), type_(type) {
    local_.local = domain == AF_UNIX;
    local_.ip.v6 = domain == AF_INET6;
}

bool Endpoint::crashed() const noexcept { return crashes_ != kernel_.crashes(); }

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
    if (e.domain_ != AF_UNIX && network.choices.chance(network.config.reset)) {
        e.kernel_.tell_of("resets its connection to ", e.remote_, Told::notable);
        reset_other(e.kernel_, e.peer_, e.last_packet_);
        e.state_ = State::failed;
        e.gone_ = true;
        network.after({}, [self] { self->changed(); });  // for those that wait: an operation of its is under way here
        return -ECONNRESET;
    }
    transmit(self, data, count);
    return static_cast<int>(count);
}

// What the peer has to know of what was read here goes along.
void Endpoint::transmit(const Shared<Endpoint>& self, const char* data, std::size_t size) {
    Endpoint& e = *self;
    e.outstanding_ += size;
    e.sent_ += size;
    const Shared<Endpoint> peer = e.peer_;
    e.kernel_.network().send(e.kernel_, peer->kernel_, self, e.last_packet_, {data, size},
                             [peer, self, read = std::exchange(e.untold_, 0)](std::string&& arrived) {
                                 data_arrived(peer, self, std::move(arrived), read);
                             });
}

// An acknowledgement is no event of its own where nothing is in its way: when it comes does not show, but only that it does.
void Endpoint::acknowledge(const Shared<Endpoint>& self, const Shared<Endpoint>& sender, std::size_t count) {
    Endpoint& e = *self;
    Network& network = e.kernel_.network();
    sender->arrived_ += count;
    const Link& back = network.link(e.kernel_, sender->kernel_);
    if (!back.cut && !back.held) {
        sender->acknowledged_ = sender->arrived_;
        return;
    }
    watch_for_silence(sender);
    network.send(e.kernel_, sender->kernel_, {}, e.last_packet_, {}, [self, sender, all = sender->arrived_] {
        // It comes when the data was sent again, which a host that has started anew knows nothing of.
        if (!self->lives() && self->kernel_.up()) return sender->failed(ECONNRESET);
        sender->acknowledged_ = std::max(sender->acknowledged_, all);
    });
}

void Endpoint::watch_for_silence(const Shared<Endpoint>& self) {
    if (self->acknowledged_ == self->sent_ || !self->lives()) return;
    self->kernel_.network().after(silence_timeout, [self, sent = self->sent_] {
        if (self->acknowledged_ < sent) self->failed(ETIMEDOUT);
    });
}

void Endpoint::data_arrived(const Shared<Endpoint>& self, const Shared<Endpoint>& sender, std::string data,
                            std::size_t read) {
    Endpoint& e = *self;
    if (e.state_ == State::connecting) return;
    if (e.state_ != State::established) {
        e.gone_ = true;
        reset_other(e.kernel_, sender, e.last_packet_);
        return;
    }
    acknowledge(self, sender, data.size());
    if (const Network& network = e.kernel_.network(); network.tells())
        network.carried(sender->kernel_, e.kernel_, data.size(), "bytes from " + network.name_of(e.remote_));
    e.peer_has_read(read);
    if (e.deaf_) {
        e.consumed(data.size());
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
        if ((flags & MSG_PEEK) == 0) {
            read_ += count;
            consumed(count);
        }
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

// The peer is told with the next data from here, or when it is half of what it may send (as TCP opens its window: RFC 9293, 3.8.6.2.2).
void Endpoint::consumed(std::size_t count) {
    if (read_ == received_.size()) {
        received_.clear();
        read_ = 0;
    }
    untold_ += count;
    if (!peer_ || peer_->is_closed() || untold_ < (kernel_.network().config.buffer + 1) / 2) return;
    kernel_.network().send(kernel_, peer_->kernel_, peer_->peer_, last_packet_, {},
                           [peer = peer_, read = std::exchange(untold_, 0)] { peer->peer_has_read(read); });
}

void Endpoint::peer_has_read(std::size_t count) noexcept {
    const bool was_full = outstanding_ >= kernel_.network().config.buffer;
    outstanding_ -= count;
    if (was_full && count > 0) changed();
}

// ---- The end

int Endpoint::shutdown(const Shared<Endpoint>& self, int how) {
    Endpoint& e = *self;
    if (e.state_ == State::failed) return e.has_peer() ? 0 : -ENOTCONN;
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
        transmit_end(self, e.peer_);
    }
    e.changed();
    return 0;
}

void Endpoint::transmit_end(const Shared<Endpoint>& self, const Shared<Endpoint>& peer) {
    Endpoint& e = *self;
    ++e.sent_;
    e.kernel_.network().send(e.kernel_, peer->kernel_, self, e.last_packet_, {},
                             [peer, self] { end_arrived(peer, self); });
}

void Endpoint::end_arrived(const Shared<Endpoint>& self, const Shared<Endpoint>& sender) {
    Endpoint& e = *self;
    if (!e.lives()) return reset_other(e.kernel_, sender, e.last_packet_);
    acknowledge(self, sender, 1);
    if (e.state_ != State::established) return;
    e.end_seen_ = true;
    e.kernel_.tell_of("hears no more from ", e.remote_, Told::routine);
    e.changed();
}

void Endpoint::failed(int error) {
    gone_ = true;
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
void Endpoint::reset_other(Kernel& from, const Shared<Endpoint>& other, std::int64_t& last) {
    Network& network = from.network();
    network.send(from, other->kernel_, {}, last, {}, [other] { other->failed(ECONNRESET); });
}

void Endpoint::close(const Shared<Endpoint>& self) {
    Endpoint& e = *self;
    const State before = std::exchange(e.state_, State::closed);
    e.kernel_.release(e);
    if (e.domain_ == AF_UNIX && e.is_datagram()) e.kernel_.retry_local_datagrams();
    e.refuse_queue();
    const Shared<Endpoint> peer = std::exchange(e.peer_, nullptr);
    if (before == State::established && peer) {
        if (e.abortive_ || e.read_ < e.received_.size()) {
            e.gone_ = true;
            reset_other(e.kernel_, peer, e.last_packet_);
        } else if (!e.end_sent_) {
            transmit_end(self, peer);
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
