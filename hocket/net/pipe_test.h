// SPDX-License-Identifier: MIT
// What the tests of pipes share: descriptors below the library, pipes and terminals.
#pragma once

#include <hocket/net/connect_pipe.h>
#include <hocket/net/net_test.h>

#include <fcntl.h>
#include <pty.h>
#include <termios.h>

namespace hocket::testing {

/// One that closes itself, unless a stream took it over.
class End {
public:
    explicit End(int fd) : fd_(fd) {}
    End(End&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~End() { close(); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    int get() const { return fd_; }
    int give() { return std::exchange(fd_, -1); }
    void write(std::string_view bytes) const {
        EXPECT_EQ(::write(fd_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    }
    /// Up to `n` bytes of what is there; blocks.
    std::string read(std::size_t n) const {
        std::string bytes(n, '\0');
        const ssize_t got = ::read(fd_, bytes.data(), n);
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    }

private:
    int fd_;
};

struct Ends {
    End reading, writing;
};

inline Ends make_pipe() {
    int fds[2];
    EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
    return {End(fds[0]), End(fds[1])};
}

/// A terminal that passes bytes on as they are; `reading` is its master.
inline Ends make_terminal() {
    int master = -1, slave = -1;
    EXPECT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    termios raw{};
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    return {End(master), End(slave)};
}

}  // namespace hocket::testing
