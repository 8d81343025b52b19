// SPDX-License-Identifier: MIT
// What the tests of datagrams share: endpoints of this machine, and sockets below the library.
#pragma once

#include <hocket/net/datagram_endpoint.h>
#include <hocket/net/net_test.h>

#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::testing {

/// A socket for datagrams below the library. None of its calls blocks.
class RawDatagrams {
public:
    explicit RawDatagrams(int fd) : fd_(fd) {}
    /// Bound to `address`.
    explicit RawDatagrams(const Address& address) {
        const RawAddress raw = address.raw();
        fd_ = socket(raw.get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        EXPECT_EQ(bind(fd_, raw.get(), raw.size), 0) << errno;
    }
    RawDatagrams() : RawDatagrams(Address::loopback(AddressFamily::ipv4, 0)) {}
    RawDatagrams(RawDatagrams&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~RawDatagrams() { close(); }

    int fd() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    Address address() const {
        RawAddress raw{};
        EXPECT_EQ(getsockname(fd_, raw.get(), &raw.size), 0) << errno;
        return Address::from_raw(raw);
    }
    void connect(const Address& to) const {
        const RawAddress raw = to.raw();
        EXPECT_EQ(::connect(fd_, raw.get(), raw.size), 0) << errno;
    }
    void send(std::string_view data, const Address& to) const {
        const RawAddress raw = to.raw();
        EXPECT_EQ(::sendto(fd_, data.data(), data.size(), MSG_NOSIGNAL, raw.get(), raw.size),
                  static_cast<ssize_t>(data.size()))
            << errno;
    }
    /// To what it is connected to.
    void send(std::string_view data) const {
        EXPECT_EQ(::send(fd_, data.data(), data.size(), MSG_NOSIGNAL), static_cast<ssize_t>(data.size())) << errno;
    }
    /// The next datagram, if one has come.
    std::optional<std::string> take() const {
        std::string data(256 << 10, '\0');
        const ssize_t n = recv(fd_, data.data(), data.size(), MSG_DONTWAIT);
        if (n < 0) return std::nullopt;
        data.resize(static_cast<std::size_t>(n));
        return data;
    }

private:
    int fd_ = -1;
};

/// The next datagram that comes to `socket`.
inline Coro<std::string> arrives_at(const RawDatagrams& socket) {
    std::optional<std::string> data;
    co_await until([&] { return (data = socket.take()).has_value(); });
    co_return std::move(data).value_or("nothing");
}

inline Coro<DatagramEndpoint> bound_to(Address address) {
    const DatagramOptions options{.local_address = std::move(address)};
    co_return co_await create_datagram_endpoint(options);
}
/// On a free port of this machine.
inline Coro<DatagramEndpoint> bound_endpoint() {
    co_return co_await bound_to(Address::loopback(AddressFamily::ipv4, 0));
}
inline Coro<DatagramEndpoint> connected_to(Address address) {
    const DatagramOptions options{.remote_address = std::move(address)};
    co_return co_await create_datagram_endpoint(options);
}
inline Coro<DatagramEndpoint> taken_over(RawDatagrams socket) {
    const DatagramOptions options{.sock = socket.fd()};
    DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
    static_cast<void>(socket.release());
    co_return endpoint;
}

/// An address of this machine where nobody is.
inline Address nobody() { return RawDatagrams().address(); }

/// An endpoint and its peer, joined by a pair of UNIX-domain sockets, which soon hold no more than the peer has taken.
struct WithRawPeer {
    DatagramEndpoint endpoint;
    RawDatagrams peer;
};

inline Coro<WithRawPeer> joined() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    const int little = 1;  // the least that the system allows
    EXPECT_EQ(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
    RawDatagrams mine(fds[0]), peer(fds[1]);
    DatagramEndpoint endpoint = co_await taken_over(std::move(mine));
    co_return WithRawPeer{std::move(endpoint), std::move(peer)};
}

/// Sends "0", "1" and so on until the system takes no more, and one is kept in a copy. How many that are.
inline int fill(const DatagramEndpoint& endpoint) {
    int n = 0;
    while (endpoint.get_write_buffer_size() == 0 && n < 10'000) endpoint.sendto(std::to_string(n++));
    return n;
}

/// "0", "1" and so on, `n` in all, come to `peer`.
inline Coro<> numbers_arrive(const RawDatagrams& peer, int n) {
    for (int i = 0; i < n; ++i) EXPECT_EQ(co_await arrives_at(peer), std::to_string(i));
}

/// A path of this process's own.
inline std::string datagram_path(const char* name) {
    return "/tmp/hocket-test-" + std::to_string(getpid()) + "-" + name + ".sock";
}

}  // namespace hocket::testing
