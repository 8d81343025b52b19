// SPDX-License-Identifier: MIT
// The calls on sockets of the program's own: what each gives, on sockets that block and that do not, and what is refused.
#include <hocket/net/sock_calls.h>

#include <gtest/gtest.h>
#include <hocket/flow/gather.h>
#include <hocket/net/net_test.h>
#include <hocket/net/readiness.h>
#include <hocket/net/sockets_test.h>
#include <hocket/os/executor.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::pattern, testing::Own, testing::socket_pair, testing::new_socket,
    testing::bound_socket, testing::listening_socket, testing::sockname_of, testing::peername_of, testing::send_now,
    testing::receive_now;

constexpr int stream = SOCK_STREAM | SOCK_NONBLOCK, datagram = SOCK_DGRAM | SOCK_NONBLOCK;

// ---- Clients

Coro<> talk(Address server, int type) {
    const Own fd = new_socket(server.family(), type);
    co_await sock_connect(fd, server);
    co_await sock_sendall(fd, "hello");
    EXPECT_EQ(co_await sock_recv(fd, 1024), "hello");
    co_await sock_sendall(fd, "world");
    std::array<char, 1024> buffer{};
    const std::size_t n = co_await sock_recv_into(fd, buffer);
    EXPECT_EQ(std::string_view(buffer.data(), n), "world");
    ::shutdown(fd, SHUT_WR);
    EXPECT_EQ(co_await sock_recv(fd, 1024), "");
    const std::size_t at_end = co_await sock_recv_into(fd, buffer);
    EXPECT_EQ(at_end, 0U);
    EXPECT_EQ((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, (type & SOCK_NONBLOCK) != 0);
}

// A call would block the loop, and the server with it, if it blocked.
TEST(RealSockCalls, a_client_connects_sends_and_receives_over_sockets_that_block_and_that_do_not) {
    run_net([]() -> Coro<> {
        get_running_loop().set_debug(true);
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
        for (const int type : {stream, int{SOCK_STREAM}}) co_await talk(server.sockets().at(0), type);
    }());
}

TEST(RealSockCalls, the_same_over_a_unix_domain_socket) {
    run_net([]() -> Coro<> {
        const Address address = Address::local(std::string("\0hocket-sock-calls", 18) + std::to_string(getpid()));
        const Server server = co_await start_server(testing::echo, address);
        for (const int type : {stream, int{SOCK_STREAM}}) co_await talk(address, type);
    }());
}

TEST(RealSockCalls, a_refused_connection_names_the_address) {
    run_net([]() -> Coro<> {
        const Address nobody = sockname_of(bound_socket());
        const Own fd = new_socket();
        EXPECT_EQ(co_await ending_of(sock_connect(fd, nobody)),
                  "hocket::OSError: connect to " + nobody.str() + ": Connection refused");
        const Own other = new_socket();
        try {
            co_await sock_connect(other, nobody);
        } catch (const OSError& e) {
            EXPECT_EQ(e.code(), std::errc::connection_refused);
        }
    }());
}

// ---- Much

Coro<std::string> receive_all(int fd, std::size_t n) {
    std::string all;
    while (all.size() < n) {
        const std::string piece = co_await sock_recv(fd, n);
        if (piece.empty()) break;
        all += piece;
    }
    co_return all;
}

Coro<std::string> receive_all_into(int fd, std::size_t n) {
    std::string all(n, '\0');
    std::size_t at = 0;
    while (at < n) {
        const std::size_t came = co_await sock_recv_into(fd, std::span(all).subspan(at));
        if (came == 0) break;
        at += came;
    }
    all.resize(at);
    co_return all;
}

TEST(RealSockCalls, a_megabyte_goes_there_and_back_whole) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
        const std::string data = pattern(1'000'000);
        for (auto* receive : {receive_all, receive_all_into}) {
            const Own fd = new_socket();
            co_await sock_connect(fd, server.sockets().at(0));
            auto [sent, received] = co_await gather(sock_sendall(fd, data), receive(fd, data.size()));
            EXPECT_TRUE(received == data);
        }
    }());
}

TEST(RealSockCalls, a_string_that_is_given_away_lives_until_it_is_sent) {
    run_net([]() -> Coro<> {
        auto [a, b] = socket_pair();
        const std::string name(100, 'n');
        const Task<> sending = create_task(sock_sendall(a, "[" + name + "]"));
        EXPECT_EQ(co_await sock_recv(b, 1024), "[" + name + "]");
        co_await sending;
        const Own c = bound_socket(datagram), d = bound_socket(datagram);
        const Task<std::size_t> to = create_task(sock_sendto(c, "[" + name + "]", sockname_of(d)));
        EXPECT_EQ(co_await sock_recv(d, 1024), "[" + name + "]");
        EXPECT_EQ(co_await to, 102U);
    }());
}

TEST(RealSockCalls, a_result_takes_no_more_memory_than_it_needs) {
    run_net([]() -> Coro<> {
        auto [a, b] = socket_pair();
        send_now(a, std::string(100, 'x'));
        const std::string some = co_await sock_recv(b, 1 << 20);
        EXPECT_EQ(some.size(), 100U);
        EXPECT_LT(some.capacity(), 1024U);
    }());
}

// ---- Datagrams

Coro<> echo_datagrams(int fd, int count) {
    for (; count > 0; --count) {
        auto [data, from] = co_await sock_recvfrom(fd, 65536);
        const std::size_t sent = co_await sock_sendto(fd, data, from);
        EXPECT_EQ(sent, data.size());
    }
}

TEST(RealSockCalls, a_datagram_comes_with_the_address_that_it_is_from) {
    run_net([]() -> Coro<> {
        const Own server = bound_socket(datagram), fd = new_socket(AddressFamily::ipv4, datagram);
        const Address address = sockname_of(server);
        const Task<> echo = create_task(echo_datagrams(server, 2));
        const std::string data(4096, '\1');
        EXPECT_EQ(co_await sock_sendto(fd, data, address), 4096U);
        auto [received, from] = co_await sock_recvfrom(fd, 4096);
        EXPECT_TRUE(received == data);
        EXPECT_EQ(from, address);
        EXPECT_EQ(co_await sock_sendto(fd, "", address), 0U);  // a datagram, too
        auto [nothing, from_again] = co_await sock_recvfrom(fd, 4096);
        EXPECT_EQ(nothing, "");
        EXPECT_EQ(from_again, address);
        co_await echo;
    }());
}

TEST(RealSockCalls, a_datagram_may_come_into_memory_that_is_larger_or_smaller) {
    run_net([]() -> Coro<> {
        const Own server = bound_socket(datagram), fd = new_socket(AddressFamily::ipv4, datagram);
        const Address address = sockname_of(server);
        const Task<> echo = create_task(echo_datagrams(server, 3));
        const std::string data = pattern(4096);
        std::string buffer(8192, '\0');
        for (const unsigned room : {4096U, 8192U}) {
            co_await sock_sendto(fd, data, address);
            auto [n, from] = co_await sock_recvfrom_into(fd, std::span(buffer).first(room));
            EXPECT_EQ(n, 4096U);
            EXPECT_TRUE(buffer.starts_with(data));
            EXPECT_EQ(from, address);
        }
        co_await sock_sendto(fd, data, address);
        auto [n, from] = co_await sock_recvfrom_into(fd, std::span(buffer).first(100));
        EXPECT_EQ(n, 100U);  // the rest is lost
        co_await echo;
    }());
}

TEST(RealSockCalls, a_connected_stream_says_nothing_of_where_its_bytes_are_from) {
    run_net([]() -> Coro<> {
        auto [a, b] = socket_pair();
        send_now(a, "x");
        auto [data, from] = co_await sock_recvfrom(b, 10);
        EXPECT_EQ(data, "x");
        EXPECT_EQ(from, Address());
    }());
}

TEST(RealSockCalls, a_datagram_that_finds_nobody_does_not_end_what_is_received_later) {
    run_net([]() -> Coro<> {
        const Own one = bound_socket(datagram), two = bound_socket(datagram);
        const Address nobody = sockname_of(bound_socket(datagram));
        std::array<char, 4096> buffer{};
        const Task<std::pair<std::string, Address>> at_one = create_task(sock_recvfrom(one, 4096));
        const Task<std::pair<std::size_t, Address>> at_two = create_task(sock_recvfrom_into(two, buffer));
        co_await testing::turns(1);
        co_await sock_sendto(one, "c", nobody);
        co_await sock_sendto(one, "a", sockname_of(two));
        EXPECT_EQ((co_await at_two).first, 1U);
        EXPECT_EQ(buffer[0], 'a');
        co_await sock_sendto(two, "c", nobody);
        co_await sock_sendto(two, "b", sockname_of(one));
        EXPECT_EQ((co_await at_one).first, "b");
        co_await sock_sendto(two, "d", sockname_of(one));
        auto [data, from] = co_await sock_recvfrom(one, 4096);
        EXPECT_EQ(data, "d");
        EXPECT_EQ(from, sockname_of(two));
    }());
}

TEST(RealSockCalls, a_datagram_that_finds_no_room_waits_for_it) {
    run_net([]() -> Coro<> {
        const Own receiver = new_socket(AddressFamily::local, datagram),
                  fd = new_socket(AddressFamily::local, datagram);
        const Address address = Address::local(std::string("\0hocket-datagrams", 17) + std::to_string(getpid()));
        const RawAddress raw = address.raw();
        EXPECT_EQ(bind(receiver, raw.get(), raw.size), 0);
        EXPECT_EQ(connect(fd, raw.get(), raw.size), 0);
        std::size_t fit = 0;
        while (::send(fd, "early", 5, 0) == 5) ++fit;  // as many as the receiver's queue has room for
        const Task<std::size_t> sending = create_task(sock_sendto(fd, "late", address));
        co_await testing::a_while();
        EXPECT_FALSE(sending.done());
        for (std::size_t i = 0; i < fit; ++i) {
            auto [data, from] = co_await sock_recvfrom(receiver, 10);
            EXPECT_EQ(data, "early");
        }
        EXPECT_EQ(co_await sock_recv(receiver, 10), "late");
        EXPECT_EQ(co_await sending, 4U);
    }());
}

// ---- Accepting

TEST(RealSockCalls, an_accepted_connection_comes_with_its_address_and_does_not_block) {
    run_net([]() -> Coro<> {
        for (const int type : {stream, int{SOCK_STREAM}}) {
            const Own listener = listening_socket(1, type), client = new_socket();
            co_await sock_connect(client, sockname_of(listener));
            auto [connection, address] = co_await sock_accept(listener);
            EXPECT_NE(fcntl(connection.get(), F_GETFL) & O_NONBLOCK, 0);
            EXPECT_NE(fcntl(connection.get(), F_GETFD) & FD_CLOEXEC, 0);
            EXPECT_EQ(address, sockname_of(client));
            EXPECT_EQ(peername_of(client), sockname_of(listener));
            co_await sock_sendall(connection.get(), "hello");
            EXPECT_EQ(co_await sock_recv(client, 10), "hello");
        }
    }());
}

TEST(RealSockCalls, an_accepted_connection_closes_itself_or_is_given_away) {
    run_net([]() -> Coro<> {
        const Own listener = listening_socket(), client = new_socket(), other = new_socket();
        const Address address = sockname_of(listener);
        {
            const Task<std::pair<Descriptor, Address>> accepting = create_task(sock_accept(listener));
            co_await sock_connect(client, address);
            EXPECT_EQ((co_await accepting).second, sockname_of(client));
        }
        EXPECT_EQ(co_await sock_recv(client, 10), "");
        co_await sock_connect(other, address);
        std::pair<Descriptor, Address> accepted = co_await sock_accept(listener);
        const Own mine(accepted.first.release());
        EXPECT_EQ(accepted.first.get(), -1);
        co_await sock_sendall(mine, "x");
        EXPECT_EQ(co_await sock_recv(other, 10), "x");
    }());
}

TEST(RealSockCalls, an_accepted_connection_may_outlive_the_loop) {
    const auto before = testing::open_descriptors();
    {
        const Own listener = listening_socket(), client = new_socket();
        const auto accept_one = [](int from, int to) -> Coro<std::pair<Descriptor, Address>> {
            co_await sock_connect(from, sockname_of(to));
            co_return co_await sock_accept(to);
        };
        const std::pair<Descriptor, Address> accepted = run(accept_one(client, listener));
        send_now(client, "x");
        EXPECT_EQ(receive_now(accepted.first.get()), "x");
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

// ---- Names

TEST(RealSockCalls, a_host_is_resolved_for_the_sockets_family) {
    run_net([]() -> Coro<> {
        for (const int type : {stream, datagram}) {
            const Own server = type == stream ? listening_socket() : bound_socket(datagram);
            const Own fd = new_socket(AddressFamily::ipv4, type);
            co_await sock_connect(fd, "localhost", sockname_of(server).port());
            EXPECT_EQ(peername_of(fd), sockname_of(server));
        }
        const Own six = new_socket(AddressFamily::ipv6), unnamed = new_socket(AddressFamily::local);
        const std::string end = co_await ending_of(sock_connect(six, "127.0.0.1", 80));
        EXPECT_TRUE(end.starts_with("hocket::GaiError: resolve 127.0.0.1: ")) << end;
        EXPECT_EQ(co_await ending_of(sock_connect(unnamed, "localhost", 80)),
                  "hocket::ValueError: a host is no address for a socket that is neither IPv4 nor IPv6");
    }());
}

TEST(RealSockCalls, an_address_and_a_numeric_host_ask_nobody) {
    run_net([]() -> Coro<> {
        const Own listener = listening_socket(), one = new_socket(), two = new_socket();
        const Address address = sockname_of(listener);
        co_await sock_connect(one, address);
        co_await sock_connect(two, "127.0.0.1", address.port());
        EXPECT_EQ(default_executor().workers(), 0U);
    }());
}

// ---- Errors

TEST(RealSockCalls, an_error_names_the_call_and_the_descriptor) {
    run_net([]() -> Coro<> {
        auto [a, b] = socket_pair();
        const std::string number = std::to_string(a);
        b.close();
        EXPECT_EQ(co_await ending_of(sock_sendall(a, "x")),
                  "hocket::OSError: send to descriptor " + number + ": Broken pipe");
        EXPECT_EQ(co_await ending_of(sock_accept(a)),
                  "hocket::OSError: accept on descriptor " + number + ": Invalid argument");
        a.close();
        const std::string bad = ": Bad file descriptor";
        EXPECT_EQ(co_await ending_of(sock_recv(std::stoi(number), 1)),
                  "hocket::OSError: receive from descriptor " + number + bad);
        EXPECT_EQ(co_await ending_of(sock_recvfrom(-1, 1)), "hocket::OSError: receive from descriptor -1" + bad);
        EXPECT_EQ(co_await ending_of(sock_connect(-1, "localhost", 1)), "hocket::OSError: connect descriptor -1" + bad);
        const Address address = Address::parse("127.0.0.1:9");
        EXPECT_EQ(co_await ending_of(sock_sendto(-1, "x", address)), "hocket::OSError: send to 127.0.0.1:9" + bad);
        EXPECT_EQ(co_await ending_of(sock_connect(-1, address)), "hocket::OSError: connect to 127.0.0.1:9" + bad);
        const std::string nowhere = "hocket::ValueError: there is no address to connect to or to send to";
        EXPECT_EQ(co_await ending_of(sock_sendto(-1, "x", Address())), nowhere);
        EXPECT_EQ(co_await ending_of(sock_connect(-1, Address())), nowhere);
    }());
}

TEST(RealSockCalls, a_descriptor_of_a_transport_or_a_server_is_refused) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::connected();
        const int fd = c.writer.fileno();
        const std::string refused = "hocket::RuntimeError: File descriptor " + std::to_string(fd) +
                                    " is used by transport " + c.writer.sockname().str();
        std::array<char, 1> buffer{};
        const Address address = Address::parse("127.0.0.1:9");
        EXPECT_EQ(co_await ending_of(sock_recv(fd, 1)), refused);
        EXPECT_EQ(co_await ending_of(sock_recv_into(fd, buffer)), refused);
        EXPECT_EQ(co_await ending_of(sock_recvfrom(fd, 1)), refused);
        EXPECT_EQ(co_await ending_of(sock_recvfrom_into(fd, buffer)), refused);
        EXPECT_EQ(co_await ending_of(sock_sendall(fd, "x")), refused);
        EXPECT_EQ(co_await ending_of(sock_sendto(fd, "x", address)), refused);
        EXPECT_EQ(co_await ending_of(sock_connect(fd, address)), refused);
        EXPECT_EQ(co_await ending_of(sock_connect(fd, "localhost", 9)), refused);
        EXPECT_EQ(co_await ending_of(sock_accept(fd)), refused);
        EventLoop& loop = get_running_loop();
        EXPECT_EQ(testing::thrown_by([&] { add_reader(loop, fd, [] {}); }), refused);
        EXPECT_EQ(testing::thrown_by([&] { remove_reader(loop, fd); }), refused);
        EXPECT_EQ(testing::thrown_by([&] { add_writer(loop, fd, [] {}); }), refused);
        EXPECT_EQ(testing::thrown_by([&] { remove_writer(loop, fd); }), refused);
    }());
}

TEST(RealSockCalls, the_number_of_a_transport_that_is_closed_is_free) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::connected();
        const int fd = c.writer.fileno();
        c.writer.abort();
        co_await c.writer.wait_closed();
        Own listener = listening_socket();
        const Own again = listener == fd ? std::move(listener) : Own(dup2(listener, fd));
        EXPECT_EQ(again, fd);
        const Own client = new_socket();
        co_await sock_connect(client, sockname_of(again));
        co_await sock_accept(again);
        add_reader(get_running_loop(), again, [] {});
        EXPECT_TRUE(remove_reader(get_running_loop(), again));
    }());
}

TEST(VirtualSockCalls, virtual_time_has_no_sockets) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(sock_recv(0, 1)),
                  "hocket::OSError: receive from descriptor 0: Operation not supported");
        EXPECT_EQ(co_await ending_of(sock_connect(0, "localhost", 80)),
                  "hocket::OSError: connect descriptor 0: Operation not supported");
    }());
}

}  // namespace
}  // namespace hocket
