// SPDX-License-Identifier: MIT
// What the network's tests share: both ends of a connection, peers below the library, a run that leaves no descriptor behind.
#pragma once

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <hocket/net/open_connection.h>
#include <hocket/net/server.h>

#include <sys/socket.h>
#include <tests/support/descriptors.h>
#include <tests/support/trace.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::testing {

/// Whether the loop has gone on to others since this was made.
class TurnWatch {
public:
    TurnWatch() : handle_(get_running_loop().call_soon([this] { passed_ = true; })) {}
    TurnWatch(const TurnWatch&) = delete;
    TurnWatch& operator=(const TurnWatch&) = delete;
    ~TurnWatch() { handle_.cancel(); }
    bool passed() const { return passed_; }

private:
    bool passed_ = false;
    Handle handle_;
};

/// Runs `main` and checks that no descriptor is left behind.
inline void run_net(Coro<> main) {
    const auto before = open_descriptors();
    run(std::move(main));
    EXPECT_EQ(open_descriptors(), before);
}

/// Waits until `condition()` holds; half a minute is long enough on any machine.
template <class F>
Coro<> until(F condition) {
    using namespace std::chrono_literals;
    for (int i = 0; i < 30'000; ++i) {
        if (condition()) co_return;
        co_await hocket::sleep(1ms);
    }
    ADD_FAILURE() << "what is waited for did not come";
}

/// Several waits of the loop: what is ready to happen has happened then, however slow the machine.
inline Coro<> a_while() {
    using namespace std::chrono_literals;
    for (int i = 0; i < 5; ++i) co_await hocket::sleep(1ms);
}

/// Lets the system keep only little of what was written and not read.
inline void keep_little(const StreamWriter& writer) {
    const int bytes = 32 << 10;
    setsockopt(writer.fileno(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(writer.fileno(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}
/// More than it keeps.
inline constexpr std::size_t much = 1 << 20;

/// Both ends of a connection of this process.
struct Connected {
    Server server;
    StreamReader reader;  // the client's
    StreamWriter writer;
    StreamReader server_reader;
    StreamWriter server_writer;
};

/// A server's handler that hands its first connection over.
class Accepting {
public:
    Coro<> operator()(StreamReader reader, StreamWriter writer) const {
        if (there_.done()) co_return;
        streams_->emplace(std::move(reader), std::move(writer));
        there_.set_result();
    }
    /// The connection, of which nothing is left here.
    Coro<Streams> take() const {
        co_await there_;
        co_return std::exchange(*streams_, std::nullopt).value();
    }

private:
    Future<> there_;
    Shared<std::optional<Streams>> streams_ = Shared<std::optional<Streams>>::make();
};

inline Coro<Connected> connected(ServerOptions options = {}) {
    const Accepting accepting;
    Server server = co_await start_server(accepting, "127.0.0.1", 0, options);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    auto [server_reader, server_writer] = co_await accepting.take();
    keep_little(writer);
    keep_little(server_writer);
    co_return Connected{std::move(server), std::move(reader), std::move(writer), std::move(server_reader),
                        std::move(server_writer)};
}

/// A client below the library: its calls block, so it is used only where they need not.
class RawPeer {
public:
    explicit RawPeer(const Address& to) {
        const RawAddress raw = to.raw();
        fd_ = socket(raw.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(connect(fd_, raw.get(), raw.size), 0) << errno;
    }
    RawPeer(RawPeer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~RawPeer() { close(); }

    int fd() const { return fd_; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    /// Ends the connection with a reset.
    void reset() {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void send(std::string_view bytes) const {
        EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    /// Up to `n` bytes; blocks.
    std::string receive(std::size_t n) const {
        std::string bytes(n, '\0');
        const ssize_t got = recv(fd_, bytes.data(), n, 0);
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    }

private:
    int fd_ = -1;
};

/// A connection whose other end is below the library.
struct WithPeer {
    Server server;
    StreamReader reader;
    StreamWriter writer;
    RawPeer peer;
};

inline Coro<WithPeer> with_peer(ServerOptions options = {}) {
    const Accepting accepting;
    Server server = co_await start_server(accepting, "127.0.0.1", 0, options);
    RawPeer peer(server.sockets().at(0));
    auto [reader, writer] = co_await accepting.take();
    co_return WithPeer{std::move(server), std::move(reader), std::move(writer), std::move(peer)};
}

/// A server's handler that gives back what comes.
inline Coro<> echo(StreamReader reader, StreamWriter writer) {
    while (!reader.at_eof()) {
        const std::string data = co_await reader.read(65536);
        co_await writer.write(data);
    }
}

/// What a server on this machine answers.
inline Coro<std::string> ask(std::uint16_t port, std::string question) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    co_await writer.write(question);
    writer.write_eof();
    co_return co_await reader.read();
}

/// A reader that holds `bytes`, to which more may be fed.
inline StreamReader fed(std::string_view bytes, std::size_t limit = Transport::default_limit) {
    StreamReader reader(limit);
    reader.feed_data(bytes);
    return reader;
}
/// One to which no more comes.
inline StreamReader ended(std::string_view bytes) {
    StreamReader reader = fed(bytes);
    reader.feed_eof();
    return reader;
}

/// Different at every place, so that lost, doubled or swapped bytes are seen.
inline std::string pattern(std::size_t n) {
    std::string text(n, '\0');
    std::uint32_t state = 1;
    for (char& c : text) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return text;
}

}  // namespace hocket::testing
