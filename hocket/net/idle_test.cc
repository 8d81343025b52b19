// SPDX-License-Identifier: MIT
// Ten thousand connections that say nothing, from another process, since each end takes a descriptor.
#include <gtest/gtest.h>
#include <hocket/net/net_test.h>
#include <tests/support/descriptors.h>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket {
namespace {

constexpr std::size_t connections = 10'000;
constexpr rlim_t descriptors = connections + 100;

// ---- The other process

bool receives(int fd, std::string_view expected) {
    char bytes[16];
    return recv(fd, bytes, expected.size(), MSG_WAITALL) == static_cast<ssize_t>(expected.size()) &&
           std::string_view(bytes, expected.size()) == expected;
}
bool sends(int fd, std::string_view bytes) {
    return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

/// Opens the connections one after the other, and does what it is told over `control`.
int be_the_peers(int control) {
    std::uint16_t port = 0;
    if (recv(control, &port, sizeof port, MSG_WAITALL) != static_cast<ssize_t>(sizeof port)) return 1;
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::vector<int> peers;
    while (peers.size() < connections) {
        peers.push_back(socket(AF_INET, SOCK_STREAM, 0));
        if (connect(peers.back(), reinterpret_cast<sockaddr*>(&server), sizeof server) != 0) return 2;
        if (!receives(peers.back(), "+")) return 3;
    }
    if (!sends(control, "all") || !receives(control, "ask")) return 4;
    const int one = peers[connections / 2];
    if (!sends(one, "still there?\n") || !receives(one, "still there?\n")) return 5;
    return sends(control, "yes") && receives(control, "end") ? 0 : 6;
}

// ---- This one

Coro<> greet_and_echo(StreamReader reader, StreamWriter writer) {
    co_await writer.write("+");
    while (const auto line = co_await reader.next()) co_await writer.write(*line);
}

Coro<> serve_the_peers(int control) {
    const Server server = co_await start_server(greet_and_echo, "127.0.0.1", 0);
    ConnectionOptions options;
    options.sock = control;
    auto [reader, writer] = co_await open_connection(options);
    const std::uint16_t port = server.port();
    co_await writer.write(std::string_view(reinterpret_cast<const char*>(&port), sizeof port));
    EXPECT_EQ(co_await reader.readexactly(3), "all");
    EXPECT_EQ(server.clients(), connections);
    co_await testing::a_while();
    EXPECT_EQ(server.clients(), connections);
    co_await writer.write("ask");
    EXPECT_EQ(co_await reader.readexactly(3), "yes");
    EXPECT_EQ(server.clients(), connections);
    co_await writer.write("end");
    EXPECT_EQ(co_await reader.read(), "");
    co_await testing::until([&] { return server.clients() == 0; });
    server.close();
    co_await server.wait_closed();
}

TEST(RealIdle, of_ten_thousand_connections_one_still_answers_and_all_are_closed) {
    const testing::ManyDescriptors many(descriptors);
    if (!many.allowed()) GTEST_SKIP() << "no process may have " << descriptors << " descriptors";
    int control[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        close(control[0]);
        _exit(be_the_peers(control[1]));
    }
    close(control[1]);
    const auto before = testing::open_descriptors() - 1;  // without the end that the loop takes over
    run(serve_the_peers(control[0]));
    EXPECT_EQ(testing::open_descriptors(), before);
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace hocket
