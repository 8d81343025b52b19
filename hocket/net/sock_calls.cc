// SPDX-License-Identifier: MIT
// One operation for each call, on a descriptor that is only borrowed.
#include <hocket/net/sock_calls.h>

#include <hocket/core/operation.h>
#include <hocket/net/resolve.h>

#include <sys/socket.h>
#include <sys/uio.h>
#include <cerrno>
#include <vector>

namespace hocket {

namespace {

class Call final : public PendingOperation {
public:
    Call(Opcode opcode, int descriptor) : PendingOperation(opcode, descriptor) {
        check_not_owned(get_running_loop(), descriptor);
        borrowed = true;
    }
    Call(Opcode opcode, int descriptor, void* memory, std::size_t bytes) : Call(opcode, descriptor) {
        data = memory;
        size = bytes;
    }
};

/// One piece of memory with an address, as recvmsg and sendmsg have it. The parts refer to each other.
struct Message {
    RawAddress address;
    iovec piece;
    msghdr header{};

    Message(const RawAddress& from_or_to, void* memory, std::size_t bytes) noexcept
        : address(from_or_to), piece{.iov_base = memory, .iov_len = bytes} {
        header.msg_name = address.bytes;
        header.msg_namelen = address.size;
        header.msg_iov = &piece;
        header.msg_iovlen = 1;
    }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    /// Where what has been received came from.
    Address sender() {
        address.size = header.msg_namelen;
        return Address::from_raw(address);
    }
};

std::string on_descriptor(const char* attempted, int fd) {
    return std::string(attempted) + " descriptor " + std::to_string(fd);
}

std::size_t received(int result, int fd) {
    if (result < 0) throw OSError(-result, on_descriptor("receive from", fd));
    return static_cast<std::size_t>(result);
}

// A string that had room for more than came.
std::string trimmed(std::string bytes, std::size_t came) {
    const bool sparse = came < bytes.size() / 2;
    bytes.resize(came);
    if (sparse) bytes.shrink_to_fit();
    return bytes;
}

void* memory_of(std::string_view data) noexcept { return const_cast<char*>(data.data()); }

RawAddress raw_of(const Address& address) {
    if (!address) throw ValueError("there is no address to connect to or to send to");
    return address.raw();
}

}  // namespace

// ---- Receiving

Coro<std::size_t> sock_recv_into(int fd, std::span<char> buffer) {
    Call call(Opcode::recv, fd, buffer.data(), buffer.size());
    const int n = co_await std::move(call);
    co_return received(n, fd);
}

Coro<std::string> sock_recv(int fd, std::size_t n) {
    std::string bytes(n, '\0');
    const std::size_t came = co_await sock_recv_into(fd, bytes);
    co_return trimmed(std::move(bytes), came);
}

Coro<std::pair<std::size_t, Address>> sock_recvfrom_into(int fd, std::span<char> buffer) {
    Message message(RawAddress{}, buffer.data(), buffer.size());
    Call call(Opcode::recvmsg, fd, &message.header, 0);
    const int n = co_await std::move(call);
    const std::size_t came = received(n, fd);
    co_return std::pair(came, message.sender());
}

Coro<std::pair<std::string, Address>> sock_recvfrom(int fd, std::size_t n) {
    std::string bytes(n, '\0');
    auto [came, sender] = co_await sock_recvfrom_into(fd, bytes);
    co_return std::pair(trimmed(std::move(bytes), came), std::move(sender));
}

// ---- Sending

Coro<> sock_sendall(int fd, std::string_view data) {
    do {  // once also for nothing, which may be a datagram
        Call call(Opcode::send, fd, memory_of(data), data.size());
        const int n = co_await std::move(call);
        if (n < 0) throw OSError(-n, on_descriptor("send to", fd));
        data.remove_prefix(static_cast<std::size_t>(n));
    } while (!data.empty());
}

Coro<> sock_sendall_owned(int fd, std::string data) { co_await sock_sendall(fd, std::string_view(data)); }

Coro<std::size_t> sock_sendto(int fd, std::string_view data, Address address) {
    Message message(raw_of(address), memory_of(data), data.size());
    Call call(Opcode::sendmsg, fd, &message.header, 0);
    const int n = co_await std::move(call);
    if (n < 0) throw OSError(-n, "send to " + address.str());
    co_return static_cast<std::size_t>(n);
}

Coro<std::size_t> sock_sendto_owned(int fd, std::string data, Address address) {
    const std::size_t sent = co_await sock_sendto(fd, std::string_view(data), std::move(address));
    co_return sent;
}

// ---- Connections

Coro<> sock_connect(int fd, Address address) {
    RawAddress raw = raw_of(address);
    Call call(Opcode::connect, fd, raw.bytes, raw.size);
    const int result = co_await std::move(call);
    if (result < 0) throw OSError(-result, "connect to " + address.str());
}

Coro<> sock_connect(int fd, std::string host, std::uint16_t port) {
    EventLoop& loop = get_running_loop();
    check_not_owned(loop, fd);
    RawAddress raw{};
    const int known = loop.backend().getsockname(fd, raw.get(), &raw.size);
    if (known < 0) throw OSError(-known, on_descriptor("connect", fd));
    const Address own = Address::from_raw(raw);
    if (!own.is_ip()) throw ValueError("a host is no address for a socket that is neither IPv4 nor IPv6");
    const std::vector<Address> addresses = co_await getaddrinfo(host, port, {.family = own.family()});
    if (addresses.empty()) throw OSError(ENOENT, "connect to " + host);
    co_await sock_connect(fd, addresses.front());
}

Coro<std::pair<Descriptor, Address>> sock_accept(int fd) {
    Network& network = Network::of(get_running_loop());
    RawAddress peer{};
    Call call(Opcode::accept, fd, peer.bytes, 0);
    call.address_size = &peer.size;
    const int result = co_await std::move(call);
    if (result < 0) throw OSError(-result, on_descriptor("accept on", fd));
    Descriptor connection(network, result);
    co_return std::pair(std::move(connection), Address::from_raw(peer));
}

}  // namespace hocket
