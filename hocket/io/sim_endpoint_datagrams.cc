// SPDX-License-Identifier: MIT
// Simulated sockets of datagrams: what is sent whole, and arrives whole or not at all.
#include <hocket/io/sim_endpoint_internal.h>

#include <hocket/io/sim_kernel_internal.h>

#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace hocket::sim {

namespace {
constexpr std::size_t largest_datagram = 65507;
constexpr std::size_t largest_local_datagram = 212'960;  // of a buffer of net.core.wmem_default, what is left
}  // namespace

int Endpoint::send_message(const Shared<Endpoint>& self, const msghdr& message) {
    Endpoint& e = *self;
    std::string data;
    for (std::size_t i = 0; i < message.msg_iovlen; ++i)
        data.append(static_cast<const char*>(message.msg_iov[i].iov_base), message.msg_iov[i].iov_len);
    if (!e.is_datagram()) return send(self, data.data(), data.size());
    if (e.error_ != 0) return e.take_error();
    SocketAddress target = e.remote_;
    if (message.msg_name != nullptr) {
        auto given = SocketAddress::from(static_cast<const sockaddr*>(message.msg_name), message.msg_namelen);
        if (!given || !e.is_of(*given)) return -EAFNOSUPPORT;
        target = *given;
    } else if (!e.has_remote_) {
        return e.domain_ == AF_UNIX ? -ENOTCONN : -EDESTADDRREQ;
    }
    if (e.domain_ == AF_UNIX) return send_local(self, std::move(target), std::move(data));
    if (data.size() > largest_datagram) return -EMSGSIZE;
    Network& network = e.kernel_.network();
    if (network.choices.chance(network.config.no_buffers)) {
        e.kernel_.tell("has no buffers for a datagram (ENOBUFS)", Told::small);
        return -ENOBUFS;
    }
    if (const int result = bind_somewhere(self, target.ip); result < 0) return result;
    const int size = static_cast<int>(data.size());
    Kernel* const to = e.kernel_.is_own(target.ip) ? &e.kernel_ : network.host_with(target.ip);
    if (to == nullptr) return -ENETUNREACH;
    SocketAddress source = e.local_;
    if (source.ip.is_any()) source.ip = target.ip.is_loopback() ? target.ip : e.kernel_.ip(target.ip.v6);
    network.send_datagram(e.kernel_, *to, {std::move(source), std::move(target), std::move(data)});
    return size;
}

int Endpoint::find_local(const Shared<Endpoint>& self, const SocketAddress& to, Shared<Endpoint>& peer) {
    Kernel& kernel = self->kernel_;
    peer = kernel.local_datagrams_at(to);
    if (!peer) return kernel.nobody_at(true, to);
    return peer->has_remote_ && kernel.local_datagrams_at(peer->remote_) != self ? -EPERM : 0;
}

bool Endpoint::has_room_for_datagrams() const noexcept { return datagram_bytes_ < kernel_.network().config.buffer; }

// Within a host none is lost, and they keep their order (man 7 unix): who sends waits until there is room.
int Endpoint::send_local(const Shared<Endpoint>& self, SocketAddress target, std::string data) {
    Endpoint& e = *self;
    Network& network = e.kernel_.network();
    if (const int result = target.inode != 0 ? 0 : Kernel::look_up(target); result < 0) return result;
    Shared<Endpoint> peer;
    if (const int result = find_local(self, target, peer); result < 0) return result;
    if (data.size() > largest_local_datagram) return -EMSGSIZE;
    if (!peer->has_room_for_datagrams()) return -EAGAIN;
    if (network.choices.chance(network.config.no_buffers)) {
        e.kernel_.tell("has no buffers for a datagram (ENOBUFS)", Told::small);
        return -ENOBUFS;
    }
    const int size = static_cast<int>(data.size());
    peer->datagram_bytes_ += data.size();
    network.send(e.kernel_, e.kernel_, self, e.last_packet_, std::move(data),
                 [peer, source = e.local_, target = std::move(target)](std::string&& arrived) {
                     peer->take({source, target, std::move(arrived)});
                 });
    return size;
}

void Endpoint::datagram_arrived(const Datagram& datagram) {
    if (!has_room_for_datagrams()) return;
    datagram_bytes_ += datagram.data.size();
    take(datagram);
}

void Endpoint::take(const Datagram& datagram) {
    if (is_closed()) return;
    datagrams_.push_back({datagram.data, datagram.source});
    if (const Network& network = kernel_.network(); network.tells()) {
        const Kernel* const from = network.host_with(datagram.source.ip);
        network.carried(from != nullptr ? *from : kernel_, kernel_, datagram.data.size(),
                        "bytes in a datagram from " + network.name_of(datagram.source));
    }
    changed();
}

int Endpoint::receive_message(msghdr& message, int flags) {
    if (!is_datagram()) {
        if (message.msg_iovlen == 0) return 0;
        message.msg_namelen = 0;
        message.msg_flags = 0;
        return receive(static_cast<char*>(message.msg_iov[0].iov_base), message.msg_iov[0].iov_len, flags);
    }
    if (error_ != 0) return take_error();
    if (datagrams_.empty()) return deaf_ ? 0 : -EAGAIN;
    const Received& first = datagrams_.front();
    std::size_t copied = 0;
    for (std::size_t i = 0; i < message.msg_iovlen && copied < first.data.size(); ++i) {
        const std::size_t count = std::min(message.msg_iov[i].iov_len, first.data.size() - copied);
        std::memcpy(message.msg_iov[i].iov_base, first.data.data() + copied, count);
        copied += count;
    }
    first.from.write(static_cast<sockaddr*>(message.msg_name),
                     message.msg_name != nullptr ? &message.msg_namelen : nullptr);
    message.msg_flags = copied < first.data.size() ? MSG_TRUNC : 0;
    const std::size_t result = (flags & MSG_TRUNC) != 0 ? first.data.size() : copied;
    if ((flags & MSG_PEEK) == 0) {
        const bool was_full = !has_room_for_datagrams();
        datagram_bytes_ -= first.data.size();
        datagrams_.pop_front();
        if (was_full && domain_ == AF_UNIX) kernel_.retry_local_datagrams();
    }
    return static_cast<int>(result);
}

}  // namespace hocket::sim
