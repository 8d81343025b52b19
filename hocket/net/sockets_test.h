// SPDX-License-Identifier: MIT
// What the tests of borrowed descriptors share: descriptors that the test owns and closes by itself, pairs, listening sockets, and what addresses there are.
#pragma once

#include <gtest/gtest.h>
#include <hocket/net/address.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::testing {

/// Whether this system has an IPv6 address of its own.
inline bool has_ipv6() {
    const RawAddress raw = Address::parse("[::1]:0").raw();
    const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool bound = fd >= 0 && ::bind(fd, raw.get(), raw.size) == 0;
    if (fd >= 0) ::close(fd);
    return bound;
}

/// A descriptor that is closed by close(2), as programs do.
class Own {
public:
    explicit Own(int fd) : fd_(fd) { EXPECT_GE(fd, 0) << errno; }
    Own(Own&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Own& operator=(Own&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Own() { close(); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    operator int() const { return fd_; }

private:
    int fd_;
};

struct OwnPair {
    Own a, b;
};

inline OwnPair socket_pair(int type = SOCK_STREAM | SOCK_NONBLOCK) {
    int fds[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
    return {Own(fds[0]), Own(fds[1])};
}

inline Address sockname_of(int fd) {
    RawAddress raw{};
    EXPECT_EQ(getsockname(fd, raw.get(), &raw.size), 0);
    return Address::from_raw(raw);
}

inline Address peername_of(int fd) {
    RawAddress raw{};
    EXPECT_EQ(getpeername(fd, raw.get(), &raw.size), 0);
    return Address::from_raw(raw);
}

/// A socket that is not connected. `type`: SOCK_STREAM | SOCK_NONBLOCK ...
inline Own new_socket(AddressFamily family = AddressFamily::ipv4, int type = SOCK_STREAM | SOCK_NONBLOCK) {
    const int domain = family == AddressFamily::local ? AF_UNIX : family == AddressFamily::ipv6 ? AF_INET6 : AF_INET;
    return Own(socket(domain, type | SOCK_CLOEXEC, 0));
}

/// One that is bound to a port that was free.
inline Own bound_socket(int type = SOCK_STREAM | SOCK_NONBLOCK) {
    Own fd = new_socket(AddressFamily::ipv4, type);
    const RawAddress raw = Address::loopback(AddressFamily::ipv4, 0).raw();
    EXPECT_EQ(bind(fd, raw.get(), raw.size), 0);
    return fd;
}

inline Own listening_socket(int backlog = 16, int type = SOCK_STREAM | SOCK_NONBLOCK) {
    Own fd = bound_socket(type);
    EXPECT_EQ(listen(fd, backlog), 0);
    return fd;
}

inline void send_now(int fd, std::string_view bytes) {
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT), static_cast<ssize_t>(bytes.size()));
}

/// What is there, up to `n` bytes; does not wait.
inline std::string receive_now(int fd, std::size_t n = 1024) {
    std::string bytes(n, '\0');
    const ssize_t got = ::recv(fd, bytes.data(), n, MSG_DONTWAIT);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

/// Sends blanks until nothing more fits.
inline void fill_with_blanks(int fd) {
    const std::string blanks(8192, ' ');
    for (std::size_t n = blanks.size(); n > 0; n /= 2) {
        while (::send(fd, blanks.data(), n, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
        }
    }
}

}  // namespace hocket::testing
