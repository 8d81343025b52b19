// SPDX-License-Identifier: MIT
// Calls on borrowed sockets, and files that are sent, whose tasks are cancelled at any moment: what was received is delivered or still there,
// what was sent is known, no connection is forgotten.
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>
#include <hocket/net/net_test.h>
#include <hocket/net/sendfile_test.h>
#include <hocket/net/sock_calls.h>
#include <hocket/net/sockets_test.h>

#include <tests/support/torture.h>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::all_faults;
using testing::are_bytes_from;
using testing::bytes_from;
using testing::cancels_wanted;
using testing::only_cancelled;
using testing::Own;
using testing::Quarantine;
using testing::run_tortured;
using testing::Torturer;

// ---- Bytes

// One byte is sent or not: `sent` tells.
Coro<> send_one(int fd, std::string_view byte, std::uint64_t& sent) {
    co_await sock_sendall(fd, byte);
    ++sent;
}

Coro<> send_on(int fd, std::uint64_t seed, const bool& enough, std::uint64_t& sent) {
    Torturer torturer(seed);
    while (!enough) {
        if (torturer.below(4) == 0) {
            const std::string bytes = bytes_from(sent, torturer.below(300));
            co_await sock_sendall(fd, bytes);
            sent += bytes.size();
        } else {
            const std::string byte = bytes_from(sent, 1);
            only_cancelled(co_await torturer.torture(send_one(fd, byte, sent)));
        }
    }
}

// What a task that is cancelled has received before is told, too.
Coro<> receive_one(int fd, std::size_t n, std::string& got) { got = co_await sock_recv(fd, n); }
Coro<> receive_one_into(int fd, std::span<char> buffer, std::size_t& got) { got = co_await sock_recv_into(fd, buffer); }

Coro<> receive_on(int fd, std::uint64_t seed, std::size_t cancels, bool& enough, std::uint64_t& received) {
    Torturer torturer(seed);
    Quarantine quarantine;
    while (torturer.cancels() < cancels && !::testing::Test::HasFailure()) {
        std::string got;
        if (torturer.below(2) == 0) {
            only_cancelled(co_await torturer.torture(receive_one(fd, 1 + torturer.below(300), got)));
        } else {
            auto buffer = Quarantine::fresh();
            std::size_t n = 0;
            only_cancelled(co_await torturer.torture(receive_one_into(fd, std::span<char>(*buffer), n)));
            got.assign(buffer->data(), n);
            quarantine.add(std::move(buffer));
        }
        EXPECT_TRUE(are_bytes_from(received, got)) << "near " << received;
        received += got.size();
    }
    enough = true;
}

Coro<> send_and_receive(std::uint64_t seed, std::size_t cancels) {
    const auto [a, b] = testing::socket_pair();
    bool enough = false;
    std::uint64_t sent = 0, received = 0;
    const auto sending = [](int fd, std::uint64_t n, const bool& end, std::uint64_t& count) -> Coro<> {
        co_await send_on(fd, n, end, count);
        ::shutdown(fd, SHUT_WR);
    };
    const auto receiving = [](int fd, std::uint64_t n, std::size_t times, bool& end, std::uint64_t& count) -> Coro<> {
        co_await receive_on(fd, n, times, end, count);
        for (;;) {
            const std::string rest = co_await sock_recv(fd, 65536);
            if (rest.empty()) co_return;
            EXPECT_TRUE(are_bytes_from(count, rest)) << "near " << count;
            count += rest.size();
        }
    };
    co_await gather(sending(a, seed, enough, sent), receiving(b, seed + 1, cancels, enough, received));
    EXPECT_EQ(received, sent);
}

TEST(RealSockCallsTorture, received_bytes_are_delivered_or_still_there) {
    for (std::uint64_t seed = 91; seed <= 92; ++seed)
        run_tortured(all_faults, seed, send_and_receive(seed, cancels_wanted(2'000)));
}

// ---- Connections

Coro<> connect_one(int fd, Address address, int& connected) {
    co_await sock_connect(fd, std::move(address));
    ++connected;
}
Coro<> accept_one(int listener, int& accepted) {
    static_cast<void>(co_await sock_accept(listener));
    ++accepted;
}

Coro<> connect_and_accept(std::size_t cancels) {
    constexpr int backlog = 16;
    const Own listener = testing::new_socket(AddressFamily::local);
    sockaddr name{};
    name.sa_family = AF_UNIX;
    EXPECT_EQ(bind(listener, &name, sizeof name.sa_family), 0);  // a name that the system chooses
    EXPECT_EQ(listen(listener, backlog), 0);
    const Address address = testing::sockname_of(listener);
    Torturer torturer(95);
    int connected = 0, accepted = 0;
    while (torturer.cancels() < cancels) {
        const Own client = testing::new_socket(AddressFamily::local);
        if (connected - accepted < backlog / 2)
            only_cancelled(co_await torturer.torture(connect_one(client, address, connected)));
        only_cancelled(co_await torturer.torture(accept_one(listener, accepted)));
    }
    while (accepted < connected) co_await accept_one(listener, accepted);
    EXPECT_EQ(co_await testing::ending_of(wait_for(accept_one(listener, accepted), 5ms)),
              "hocket::TimeoutError: timed out");
}

TEST(RealSockCallsTorture, connections_are_accepted_or_still_there) {
    run_tortured(all_faults, 95, connect_and_accept(cancels_wanted(2'000)));
}

// ---- Files that are sent

constexpr std::size_t file_size = 300'000;

// The file over and over. Its position tells how far a sendfile has come that was cancelled.
Coro<> send_file_on(StreamWriter writer, const testing::NamelessFile& file, std::size_t cancels, std::uint64_t& sent) {
    Torturer torturer(97, 20);
    while (torturer.cancels() < cancels) {
        const auto from = static_cast<std::int64_t>(sent % file_size);
        const auto most = std::min(static_cast<std::int64_t>(1 + torturer.below(100'000)),
                                   static_cast<std::int64_t>(file_size) - from);
        const SendfileOptions part{.offset = from, .count = most};
        ::lseek(file.fd(), from, SEEK_SET);
        only_cancelled(co_await torturer.torture(writer.sendfile(file.fd(), part)));
        const std::int64_t to = file.position();
        EXPECT_TRUE(from <= to && to <= from + most) << from << " " << to;
        sent += static_cast<std::uint64_t>(to - from);
    }
    writer.write_eof();
}

Coro<> receive_file_on(StreamReader reader, std::uint64_t& received) {
    for (;;) {
        const std::string bytes = co_await reader.read(65536);
        if (bytes.empty()) co_return;
        for (std::string_view rest = bytes; !rest.empty();) {
            const std::size_t at = received % file_size;
            const std::string_view part = rest.substr(0, file_size - at);
            EXPECT_TRUE(are_bytes_from(at, part)) << "near " << received;
            received += part.size();
            rest.remove_prefix(part.size());
        }
    }
}

Coro<> send_file(bool refused, std::size_t cancels) {
    const testing::NamelessFile file(bytes_from(0, file_size));
    const testing::Connected c = co_await testing::connected();
    if (refused) testing::refuse_sendfile(c.writer.fileno());
    std::uint64_t sent = 0, received = 0;
    co_await gather(send_file_on(c.writer, file, cancels, sent), receive_file_on(c.server_reader, received));
    EXPECT_EQ(received, sent);
}

TEST(RealSendfileTorture, the_position_tells_what_the_peer_gets) {
    for (const bool refused : {false, true}) run_tortured(all_faults, 97, send_file(refused, cancels_wanted(500)));
}

}  // namespace
}  // namespace hocket
