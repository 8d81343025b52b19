// SPDX-License-Identifier: MIT
// TLS over sockets that the program gives, and files that are sent through it.
#include <gtest/gtest.h>
#include <hocket/flow/gather.h>
#include <hocket/net/sendfile_test.h>
#include <hocket/net/tls_test.h>

#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <string>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::secured, testing::tls_client, testing::tls_server, testing::ending_of,
    testing::pattern, testing::much, testing::NamelessFile;

std::array<int, 2> socket_pair() {
    std::array<int, 2> pair{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    return pair;
}

ConnectionOptions client_of(int fd) {
    ConnectionOptions options;
    options.sock = fd;
    options.tls = tls_client();
    options.server_hostname = "localhost";
    return options;
}

TEST(RealTlsGiven, sockets_that_are_connected_already_are_secured) {
    run_net([]() -> Coro<> {
        const auto [ours, theirs] = socket_pair();
        AcceptedOptions accepted;
        accepted.tls = tls_server();
        auto [client, server] =
            co_await gather(open_connection(client_of(ours)), connect_accepted_socket(theirs, accepted));
        co_await client.second.write("test data");
        EXPECT_EQ(co_await server.first.readexactly(9), "test data");
        co_await server.second.write("roger");
        server.second.close();
        EXPECT_EQ(co_await client.first.read(), "roger");
        co_await client.second.wait_closed();
        co_await server.second.wait_closed();
        EXPECT_TRUE(client.second.tls());
    }());
}

TEST(RealTlsGiven, a_server_on_a_socket_that_is_bound_already) {
    run_net([]() -> Coro<> {
        const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const RawAddress address = Address::loopback(AddressFamily::ipv4, 0).raw();
        EXPECT_EQ(bind(listening, address.get(), address.size), 0);
        ServerOptions options;
        options.sock = listening;
        options.tls = tls_server();
        const Server server = co_await start_server(testing::echo, options);
        ConnectionOptions client;
        client.tls = tls_client();
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), client);
        co_await writer.write("x");
        EXPECT_EQ(co_await reader.readexactly(1), "x");
    }());
}

TEST(RealTlsGiven, options_that_make_no_sense_leave_the_socket_to_the_caller) {
    run_net([]() -> Coro<> {
        const auto [ours, theirs] = socket_pair();
        AcceptedOptions accepted;
        accepted.tls_handshake_timeout = 1s;
        EXPECT_EQ(co_await ending_of(connect_accepted_socket(theirs, accepted)),
                  "hocket::ValueError: tls_handshake_timeout is only meaningful with tls");
        accepted.tls = tls_client();
        EXPECT_EQ(co_await ending_of(connect_accepted_socket(theirs, accepted)),
                  "hocket::ValueError: a server cannot use a context made by TlsContext::client");
        ConnectionOptions client = client_of(ours);
        client.server_hostname.reset();
        EXPECT_EQ(co_await ending_of(open_connection(client)),
                  "hocket::ValueError: you have to pass server_hostname when using tls without a host");
        EXPECT_EQ(close(ours), 0);
        EXPECT_EQ(close(theirs), 0);
    }());
}

const std::string content = pattern(much + 1);

TEST(RealTlsSendfile, a_file_arrives_whole_between_what_is_written_before_and_after) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const NamelessFile file(content);
        const std::string before(7000, '<'), after(10'000, '>');
        c.writer.write_nowait(before);
        const Task<std::string> received = create_task(c.server_reader.read());
        EXPECT_EQ(co_await c.writer.sendfile(file.fd()), std::ssize(content));
        c.writer.write_nowait(after);
        c.writer.close();
        EXPECT_TRUE(co_await received == before + content + after);
        EXPECT_EQ(file.position(), std::ssize(content));
    }());
}

TEST(RealTlsSendfile, a_part_arrives_alone_and_the_file_stands_behind_it) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const NamelessFile file(content);
        EXPECT_EQ(co_await c.writer.sendfile(file.fd(), {.offset = 1000, .count = 100}), 100);
        c.writer.close();
        EXPECT_EQ(co_await c.server_reader.read(), content.substr(1000, 100));
        EXPECT_EQ(file.position(), 1100);
    }());
}

TEST(RealTlsSendfile, a_peer_may_close_when_it_has_all) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const NamelessFile file(content);
        const auto take = [](StreamReader reader, StreamWriter writer) -> Coro<std::string> {
            std::string bytes = co_await reader.readexactly(much + 1);
            writer.close();
            co_return bytes;
        };
        auto [sent, received] = co_await gather(c.writer.sendfile(file.fd()), take(c.server_reader, c.server_writer));
        EXPECT_EQ(sent, std::ssize(content));
        EXPECT_TRUE(received == content);
        EXPECT_EQ(co_await c.reader.read(), "");
        EXPECT_EQ(file.position(), std::ssize(content));
    }());
}

TEST(RealTlsSendfile, the_kernel_alone_cannot_send_it) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const NamelessFile file(content);
        EXPECT_TRUE((co_await ending_of(c.writer.sendfile(file.fd(), {.fallback = false})))
                        .starts_with("hocket::SendfileNotAvailableError: "));
        EXPECT_EQ(file.position(), 0);
    }());
}

}  // namespace
}  // namespace hocket
