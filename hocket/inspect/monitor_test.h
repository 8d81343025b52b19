// SPDX-License-Identifier: MIT
// What tests of the monitor have in common: a monitor, a client of it, and what a loop does meanwhile.
#pragma once

#include <hocket/hocket.h>
#include <hocket/inspect/monitor.h>

#include <tests/support/patience.h>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

namespace hocket::inspect {

// The process has one monitor, for as long as a test.
class RealMonitor : public ::testing::Test {
protected:
    RealMonitor() { start_monitor(); }
    ~RealMonitor() override { stop_monitor(); }
};
using OnceMonitor = RealMonitor;

inline Coro<> rest() { co_await hocket::sleep(std::chrono::hours(1)); }

// Whether the loop on which it is called counts, or is traced, as its own tasks see it.
inline bool is_watched() { return get_running_loop().observer() != nullptr; }

// The visitor's word comes a little after his answer.
inline Coro<> until_watched(bool wanted) {
    const auto end = std::chrono::steady_clock::now() + testing::patience;
    while (is_watched() != wanted && std::chrono::steady_clock::now() < end)
        co_await hocket::sleep(std::chrono::milliseconds(1));
    EXPECT_EQ(is_watched(), wanted);
}

// A client of the monitor, by hand.
class ByHand {
public:
    ByHand() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = monitor_path(getpid(), geteuid());
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    ByHand(const ByHand&) = delete;
    ByHand& operator=(const ByHand&) = delete;
    ~ByHand() { ::close(fd_); }
    void send(std::string_view text) const {
        EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    std::string line() const {
        std::string text;
        for (char c = 0; receive(c) && c != '\n';) text += c;
        return text;
    }

private:
    bool receive(char& c) const {
        ssize_t n = 0;
        EXPECT_TRUE(testing::comes_true([&] {
            n = ::recv(fd_, &c, 1, MSG_DONTWAIT);
            return n >= 0 || errno != EAGAIN;
        }));
        return n == 1;
    }

    int fd_;
};

}  // namespace hocket::inspect
