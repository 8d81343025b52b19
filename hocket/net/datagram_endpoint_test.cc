// SPDX-License-Identifier: MIT
// How endpoints of datagrams are made: addresses, options, descriptors that are taken over, and what is refused.
#include <hocket/net/datagram_endpoint.h>

#include <gtest/gtest.h>
#include <hocket/net/datagram_test.h>
#include <hocket/net/resolve.h>
#include <hocket/net/sockets_test.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <string>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::RawDatagrams, testing::bound_to, testing::bound_endpoint,
    testing::connected_to, testing::taken_over, testing::arrives_at, testing::datagram_path, testing::has_ipv6;

int option_of(const DatagramEndpoint& endpoint, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(getsockopt(endpoint.fileno(), SOL_SOCKET, option, &value, &size), 0);
    return value;
}

/// How `create_datagram_endpoint(options)` ends.
Coro<std::string> ending_with(DatagramOptions options) {
    co_return co_await ending_of(create_datagram_endpoint(std::move(options)));
}

// The two exchange a datagram each, after which the server is asked to close.
Coro<> exchange(const DatagramOptions& options) {
    const DatagramEndpoint server = co_await create_datagram_endpoint(options);
    EXPECT_NE(server.sockname().port(), 0);
    const DatagramEndpoint client = co_await connected_to(server.sockname());
    EXPECT_EQ(client.peername(), server.sockname());
    client.sendto("xxx");
    const auto [question, from] = co_await server.recvfrom();
    EXPECT_EQ(question, "xxx");
    EXPECT_EQ(from, client.sockname());
    server.sendto(question, from);
    const auto [answer, source] = co_await client.recvfrom();
    EXPECT_EQ(answer, "xxx");
    EXPECT_EQ(source, server.sockname());
    client.close();
    server.close();
    co_await server.wait_closed();
    EXPECT_TRUE(server.is_closing());
    EXPECT_EQ(server.fileno(), -1);
    EXPECT_FALSE(server.sockname());
}

TEST(RealDatagramEndpoint, a_server_and_a_client_exchange_datagrams) {
    run_net([]() -> Coro<> {
        const DatagramOptions options{.local_address = {"127.0.0.1", 0}};
        co_await exchange(options);
    }());
}

TEST(RealDatagramEndpoint, over_ipv6_too) {
    if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
    run_net([]() -> Coro<> {
        const DatagramOptions options{.local_address = {"::1", 0}};
        co_await exchange(options);
    }());
}

TEST(RealDatagramEndpoint, a_bound_one_knows_its_address_and_has_no_peer) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        EXPECT_EQ(endpoint.sockname().host(), "127.0.0.1");
        EXPECT_NE(endpoint.sockname().port(), 0);
        EXPECT_FALSE(endpoint.peername());
        EXPECT_GE(endpoint.fileno(), 0);
        EXPECT_FALSE(endpoint.is_closing());
    }());
}

TEST(RealDatagramEndpoint, both_sides_may_be_given) {
    run_net([]() -> Coro<> {
        const RawDatagrams peer;
        const DatagramOptions options{.local_address = {"127.0.0.2", 0}, .remote_address = peer.address()};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        EXPECT_EQ(endpoint.sockname().host(), "127.0.0.2");
        EXPECT_EQ(endpoint.peername(), peer.address());
        endpoint.sendto("hello");
        EXPECT_EQ(co_await arrives_at(peer), "hello");
    }());
}

TEST(RealDatagramEndpoint, a_name_is_resolved) {
    run_net([]() -> Coro<> {
        const RawDatagrams peer;
        const DatagramOptions options{.local_address = {"localhost", 0},
                                      .remote_address = {"localhost", peer.address().port()},
                                      .family = AddressFamily::ipv4};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        endpoint.sendto("hello");
        EXPECT_EQ(co_await arrives_at(peer), "hello");
    }());
}

TEST(RealDatagramEndpoint, without_a_host_it_is_bound_to_all_interfaces) {
    run_net([]() -> Coro<> {
        const DatagramOptions options{.local_address = {"", 0}, .family = AddressFamily::ipv4};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        EXPECT_EQ(endpoint.sockname().host(), "0.0.0.0");
        const RawDatagrams peer;
        peer.send("hello", Address::loopback(AddressFamily::ipv4, endpoint.sockname().port()));
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "hello");
    }());
}

TEST(RealDatagramEndpoint, a_name_that_does_not_exist_is_an_error) {
    run_net([]() -> Coro<> {
        const DatagramOptions options{.remote_address = {"no such host", 9}};
        const std::string end = co_await ending_with(options);
        EXPECT_TRUE(end.starts_with("hocket::GaiError: resolve no such host: ")) << end;
    }());
}

TEST(RealDatagramEndpoint, a_numeric_host_asks_nobody) {
    run_net([]() -> Coro<> {
        const testing::TurnWatch turn;
        const DatagramOptions options{.local_address = {"127.0.0.1", 0}, .reuse_port = true};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        EXPECT_FALSE(turn.passed());
        EXPECT_EQ(endpoint.sockname().host(), "127.0.0.1");
        int type = 0, protocol = 0;
        socklen_t size = sizeof type;
        EXPECT_EQ(getsockopt(endpoint.fileno(), SOL_SOCKET, SO_TYPE, &type, &size), 0);
        EXPECT_EQ(getsockopt(endpoint.fileno(), SOL_SOCKET, SO_PROTOCOL, &protocol, &size), 0);
        EXPECT_EQ(type, SOCK_DGRAM);
        EXPECT_EQ(protocol, IPPROTO_UDP);
    }());
}

TEST(RealDatagramEndpoint, a_port_in_use_is_an_error_that_names_it) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint first = co_await bound_endpoint();
        const Address address = first.sockname();
        EXPECT_EQ(co_await ending_of(bound_to(address)),
                  "hocket::OSError: bind to " + address.str() + ": Address already in use");
        EXPECT_EQ(co_await ending_of(bound_to(Address::parse("203.0.113.1:0"))),
                  "hocket::OSError: bind to 203.0.113.1:0: Cannot assign requested address");
    }());
}

TEST(RealDatagramEndpoint, a_connect_that_fails_names_the_address) {
    run_net([]() -> Coro<> {  // to broadcast, one has to say so
        const std::string end = co_await ending_of(connected_to(Address::parse("255.255.255.255:9")));
        EXPECT_TRUE(end.starts_with("hocket::OSError: connect to 255.255.255.255:9: ")) << end;
        const Address nowhere = Address::local(datagram_path("nowhere"));
        EXPECT_EQ(co_await ending_of(connected_to(nowhere)),
                  "hocket::OSError: connect to " + nowhere.str() + ": No such file or directory");
    }());
}

TEST(RealDatagramEndpoint, without_descriptors_there_is_no_socket) {
    run_net([]() -> Coro<> {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        const rlim_t before = std::exchange(limit.rlim_cur, 3);
        setrlimit(RLIMIT_NOFILE, &limit);
        const std::string by_address = co_await ending_of(bound_endpoint());
        const DatagramOptions options{.family = AddressFamily::ipv4};
        const std::string by_family = co_await ending_with(options);
        limit.rlim_cur = before;
        setrlimit(RLIMIT_NOFILE, &limit);
        EXPECT_EQ(by_address, "hocket::OSError: open a socket for 127.0.0.1:0: Too many open files");
        EXPECT_EQ(by_family, "hocket::OSError: open a socket for 0.0.0.0:0: Too many open files");
    }());
}

TEST(RealDatagramEndpoint, addresses_of_different_families_are_refused) {
    run_net([]() -> Coro<> {
        const std::string refused = "hocket::ValueError: can not get address information";
        const DatagramOptions both{.local_address = {"::1", 0}, .remote_address = {"127.0.0.1", 9}};
        EXPECT_EQ(co_await ending_with(both), refused);
        const DatagramOptions other{.local_address = Address::parse("[::1]:0"), .family = AddressFamily::ipv4};
        EXPECT_EQ(co_await ending_with(other), refused);
        const DatagramOptions path{.local_address = Address::local("x"), .remote_address = {"127.0.0.1", 9}};
        EXPECT_EQ(co_await ending_with(path), refused);
    }());
}

TEST(RealDatagramEndpoint, a_path_is_no_host) {
    run_net([]() -> Coro<> {
        const DatagramOptions options{.local_address = {"/tmp/x", 0}, .family = AddressFamily::local};
        EXPECT_EQ(co_await ending_with(options),
                  "hocket::ValueError: a UNIX-domain socket has a path, not a host and a port: /tmp/x:0");
    }());
}

TEST(RealDatagramEndpoint, without_an_address_a_family_is_needed) {
    run_net([]() -> Coro<> {
        EXPECT_EQ(co_await ending_with({}), "hocket::ValueError: unexpected address family");
        const DatagramOptions four{.family = AddressFamily::ipv4};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(four);
        const RawDatagrams peer;
        endpoint.sendto("hello", peer.address());
        EXPECT_EQ(co_await arrives_at(peer), "hello");
        EXPECT_NE(endpoint.sockname().port(), 0);  // the system has given it one
    }());
}

TEST(RealDatagramEndpoint, options_are_off_unless_they_are_asked_for) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint plain = co_await bound_endpoint();
        EXPECT_EQ(option_of(plain, SO_REUSEPORT), 0);
        EXPECT_EQ(option_of(plain, SO_REUSEADDR), 0);
        EXPECT_EQ(option_of(plain, SO_BROADCAST), 0);
        const DatagramOptions options{.local_address = {"127.0.0.1", 0}, .reuse_port = true, .allow_broadcast = true};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        EXPECT_EQ(option_of(endpoint, SO_REUSEPORT), 1);
        EXPECT_EQ(option_of(endpoint, SO_REUSEADDR), 0);
        EXPECT_EQ(option_of(endpoint, SO_BROADCAST), 1);
    }());
}

TEST(RealDatagramEndpoint, sockets_that_say_so_share_a_port) {
    run_net([]() -> Coro<> {
        const DatagramOptions first{.local_address = {"127.0.0.1", 0}, .reuse_port = true};
        const DatagramEndpoint one = co_await create_datagram_endpoint(first);
        const DatagramOptions second{.local_address = one.sockname(), .reuse_port = true};
        const DatagramEndpoint other = co_await create_datagram_endpoint(second);
        EXPECT_EQ(one.sockname(), other.sockname());
    }());
}

TEST(RealDatagramEndpoint, a_port_that_cannot_be_shared_is_an_error) {
    run_net([]() -> Coro<> {
        const int on = 1, probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const bool refused = setsockopt(probe, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0;  // since Linux 6.13
        ::close(probe);
        const DatagramOptions options{.family = AddressFamily::local, .reuse_port = true};
        EXPECT_EQ(co_await ending_with(options),
                  refused ? "hocket::OSError: share the port of unix:: Operation not supported" : "nothing");
    }());
}

TEST(RealDatagramEndpoint, one_that_may_broadcast_is_not_connected) {
    run_net([]() -> Coro<> {
        const RawDatagrams peer, other;
        const DatagramOptions options{.remote_address = peer.address(), .allow_broadcast = true};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        EXPECT_FALSE(endpoint.peername());
        endpoint.sendto("one");
        endpoint.sendto("two", peer.address());
        co_await endpoint.send("three");
        const std::vector<std::string> all = {"one", "two", "three"};
        for (const std::string& expected : all) EXPECT_EQ(co_await arrives_at(peer), expected);
        EXPECT_EQ(testing::thrown_by([&] { endpoint.sendto("x", other.address()); }),
                  "hocket::ValueError: Invalid address: must be none or " + peer.address().str());
        other.send("from elsewhere", Address::loopback(AddressFamily::ipv4, endpoint.sockname().port()));
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "from elsewhere");
    }());
}

// ---- Descriptors that are taken over

TEST(RealDatagramEndpoint, a_socket_can_be_taken_over) {
    run_net([]() -> Coro<> {
        RawDatagrams mine, peer;
        const Address address = mine.address();
        const int fd = mine.fd();
        const DatagramEndpoint endpoint = co_await taken_over(std::move(mine));
        EXPECT_EQ(endpoint.fileno(), fd);
        EXPECT_EQ(endpoint.sockname(), address);
        peer.send("hello", address);
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "hello");
        endpoint.sendto("welcome", peer.address());
        EXPECT_EQ(co_await arrives_at(peer), "welcome");
        endpoint.close();
        co_await endpoint.wait_closed();
        EXPECT_EQ(fcntl(fd, F_GETFD), -1);
    }());
}

TEST(RealDatagramEndpoint, one_that_is_connected_stays_so) {
    run_net([]() -> Coro<> {
        RawDatagrams mine;
        const RawDatagrams peer, other;
        mine.connect(peer.address());
        const DatagramEndpoint endpoint = co_await taken_over(std::move(mine));
        EXPECT_EQ(endpoint.peername(), peer.address());
        endpoint.sendto("hello");
        EXPECT_EQ(co_await arrives_at(peer), "hello");
        EXPECT_EQ(testing::thrown_by([&] { endpoint.sendto("x", other.address()); }),
                  "hocket::ValueError: Invalid address: must be none or " + peer.address().str());
    }());
}

TEST(RealDatagramEndpoint, a_blocking_socket_does_not_block_the_loop) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await testing::joined();
        EXPECT_NE(fcntl(endpoint.fileno(), F_GETFL) & O_NONBLOCK, 0);  // it is the loop's now
        const Task<std::pair<std::string, Address>> waiting = create_task(endpoint.recvfrom());
        const int n = testing::fill(endpoint);
        co_await testing::a_while();
        EXPECT_FALSE(waiting.done());
        for (int i = 0; i < n; ++i) EXPECT_EQ(co_await arrives_at(peer), std::to_string(i));
        peer.send("hello");
        EXPECT_EQ((co_await waiting).first, "hello");
    }());
}

TEST(RealDatagramEndpoint, what_is_no_datagram_socket_is_not_taken_over) {
    run_net([]() -> Coro<> {
        const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};
        for (const int type : types) {
            const RawDatagrams socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
            const DatagramOptions options{.sock = socket.fd()};
            EXPECT_EQ(
                co_await ending_with(options),
                "hocket::ValueError: A datagram socket was expected, got descriptor " + std::to_string(socket.fd()));
            EXPECT_NE(fcntl(socket.fd(), F_GETFD), -1);  // it remains the caller's
        }
        const RawDatagrams file(open("/dev/null", O_RDONLY | O_CLOEXEC));
        const DatagramOptions no_socket{.sock = file.fd()}, nothing{.sock = -2};
        EXPECT_EQ(co_await ending_with(no_socket), "hocket::OSError: take over descriptor " +
                                                       std::to_string(file.fd()) + ": Socket operation on non-socket");
        EXPECT_EQ(co_await ending_with(nothing), "hocket::OSError: take over descriptor -2: Bad file descriptor");
    }());
}

TEST(RealDatagramEndpoint, a_socket_that_is_taken_over_has_its_options) {
    run_net([]() -> Coro<> {
        const RawDatagrams socket;
        const int fd = socket.fd();
        const std::string refused =
            "hocket::ValueError: socket modifier keyword arguments can not be used when sock is specified. ";
        const DatagramOptions local{.local_address = {"127.0.0.1", 0}, .sock = fd};
        EXPECT_EQ(co_await ending_with(local), refused + "(local_address=127.0.0.1:0)");
        const DatagramOptions remote{.remote_address = Address::parse("127.0.0.1:9"), .sock = fd};
        EXPECT_EQ(co_await ending_with(remote), refused + "(remote_address=127.0.0.1:9)");
        const DatagramOptions family{.family = AddressFamily::ipv4, .sock = fd};
        EXPECT_EQ(co_await ending_with(family), refused + "(family)");
        const DatagramOptions two{.reuse_port = true, .allow_broadcast = true, .sock = fd};
        EXPECT_EQ(co_await ending_with(two), refused + "(reuse_port, allow_broadcast)");
        EXPECT_NE(fcntl(fd, F_GETFD), -1);
    }());
}

TEST(VirtualDatagramEndpoint, virtual_time_has_no_network) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(bound_endpoint()),
                  "hocket::OSError: open a socket for 127.0.0.1:0: Operation not supported");
    }());
}

}  // namespace
}  // namespace hocket
