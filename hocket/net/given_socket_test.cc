// SPDX-License-Identifier: MIT
// Sockets that the program has made itself: streams and servers take them over, or leave them alone.
#include <hocket/net/connect_pipe.h>
#include <hocket/net/datagram_endpoint.h>
#include <hocket/net/net_test.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <utility>

namespace hocket {
namespace {

using testing::echo, testing::ask, testing::run_net, testing::ending_of, testing::RawPeer;

/// A descriptor that is closed unless somebody has taken it over.
class Made {
public:
    explicit Made(int domain, int type = SOCK_STREAM) : fd(socket(domain, type | SOCK_CLOEXEC, 0)) {}
    Made(const Made&) = delete;
    Made& operator=(const Made&) = delete;
    ~Made() {
        if (!taken) ::close(fd);
    }
    int fd;
    bool taken = false;

    Address bind_to(const Address& address) const {
        RawAddress raw = address.raw();
        EXPECT_EQ(bind(fd, raw.get(), raw.size), 0) << errno;
        raw.size = sizeof raw.bytes;
        EXPECT_EQ(getsockname(fd, raw.get(), &raw.size), 0);
        return Address::from_raw(raw);
    }
    int connect_to(const Address& address) const {
        const RawAddress raw = address.raw();
        return connect(fd, raw.get(), raw.size);
    }
    std::string number() const { return std::to_string(fd); }
};

std::string expected(const char* kind, const Made& made) {
    return std::string("hocket::ValueError: ") + kind + " was expected, got descriptor " + made.number();
}

const Address any_port = Address::parse("127.0.0.1:0");

TEST(RealGivenSocket, a_connected_one_becomes_streams) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        Made made(AF_INET);
        EXPECT_EQ(made.connect_to(server.sockets().at(0)), 0);
        auto [reader, writer] = co_await open_connection({.sock = made.fd});
        made.taken = true;
        EXPECT_EQ(writer.fileno(), made.fd);
        EXPECT_EQ(writer.peername(), server.sockets().at(0));
        EXPECT_NE(fcntl(made.fd, F_GETFL) & O_NONBLOCK, 0);
        int no_delay = 0;
        socklen_t size = sizeof no_delay;
        EXPECT_EQ(getsockopt(made.fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
        EXPECT_EQ(no_delay, 1);
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        writer.close();
        co_await writer.wait_closed();
        EXPECT_LT(fcntl(made.fd, F_GETFD), 0);
    }());
}

TEST(RealGivenSocket, one_of_another_kind_is_refused_and_stays_the_programs) {
    run_net([]() -> Coro<> {
        const Made datagrams(AF_INET, SOCK_DGRAM), stream(AF_INET), local(AF_UNIX);
        EXPECT_EQ(co_await ending_of(open_connection({.sock = datagrams.fd})), expected("A Stream Socket", datagrams));
        EXPECT_EQ(co_await ending_of(open_connection({.family = AddressFamily::local, .sock = stream.fd})),
                  expected("A UNIX Domain Stream Socket", stream));
        EXPECT_EQ(co_await ending_of(open_connection({.family = AddressFamily::ipv6, .sock = stream.fd})),
                  expected("An IPv6 Stream Socket", stream));
        EXPECT_EQ(co_await ending_of(open_connection({.family = AddressFamily::ipv4, .sock = local.fd})),
                  expected("An IPv4 Stream Socket", local));
        for (const Made* made : {&datagrams, &stream, &local}) {
            EXPECT_GE(fcntl(made->fd, F_GETFD), 0);
            EXPECT_EQ(fcntl(made->fd, F_GETFL) & O_NONBLOCK, 0);
        }
    }());
}

TEST(RealGivenSocket, what_is_no_socket_is_refused) {
    run_net([]() -> Coro<> {
        const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
        EXPECT_EQ(co_await ending_of(open_connection({.sock = file})),
                  "hocket::ValueError: A Stream Socket was expected, got descriptor " + std::to_string(file));
        ::close(file);
        EXPECT_EQ(co_await ending_of(open_connection({.sock = file})),
                  "hocket::OSError: take over descriptor " + std::to_string(file) + ": Bad file descriptor");
    }());
}

TEST(RealGivenSocket, an_address_beside_it_is_refused_and_so_is_neither) {
    run_net([]() -> Coro<> {
        const Made made(AF_INET);
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 80, {.sock = made.fd})),
                  "hocket::ValueError: host/port and sock can not be specified at the same time");
        EXPECT_EQ(co_await ending_of(open_connection(Address::local("/dev/null"), {.sock = made.fd})),
                  "hocket::ValueError: address and sock can not be specified at the same time");
        EXPECT_EQ(co_await ending_of(open_connection(ConnectionOptions())),
                  "hocket::ValueError: neither an address nor sock was specified");
        EXPECT_EQ(co_await ending_of(open_connection({.limit = 0, .sock = made.fd})),
                  "hocket::ValueError: Limit cannot be <= 0");
    }());
}

TEST(RealGivenSocket, one_that_the_loop_has_already_is_refused) {
    run_net([]() -> Coro<> {
        const testing::Connected c = co_await testing::connected();
        const std::string error = "hocket::RuntimeError: File descriptor " + std::to_string(c.writer.fileno()) +
                                  " is used by transport " + c.writer.sockname().str();
        EXPECT_EQ(co_await ending_of(open_connection({.sock = c.writer.fileno()})), error);
        EXPECT_EQ(co_await ending_of(connect_accepted_socket(c.writer.fileno())), error);
        EXPECT_EQ(co_await ending_of(connect_read_pipe(c.writer.fileno())), error);
        const DatagramOptions datagrams{.sock = c.writer.fileno()};
        EXPECT_EQ(co_await ending_of(create_datagram_endpoint(datagrams)), error);
        co_await c.writer.write("still there");
        EXPECT_EQ(co_await c.server_reader.readexactly(11), "still there");
    }());
}

TEST(RealGivenSocket, one_that_is_not_connected_tells_so_when_it_is_used) {
    run_net([]() -> Coro<> {
        Made made(AF_INET);
        auto [reader, writer] = co_await open_connection({.sock = made.fd});
        made.taken = true;
        EXPECT_FALSE(writer.peername());
        const std::string end = co_await ending_of(writer.write("hello"));
        EXPECT_TRUE(end.starts_with("hocket::OSError: write to nowhere: ")) << end;
    }());
}

TEST(RealGivenSocket, a_bound_one_becomes_a_server) {
    run_net([]() -> Coro<> {
        for (const int type : {int{SOCK_STREAM}, SOCK_STREAM | SOCK_NONBLOCK}) {
            Made made(AF_INET, type);
            const Address address = made.bind_to(any_port);
            const Server server = co_await start_server(echo, {.sock = made.fd});
            made.taken = true;
            EXPECT_EQ(server.sockets(), std::vector{address});
            EXPECT_EQ(co_await ask(server.port(), "hello"), "hello");
            server.close();
            co_await server.wait_closed();
            EXPECT_LT(fcntl(made.fd, F_GETFD), 0);
        }
    }());
}

TEST(RealGivenSocket, a_listening_one_serves_those_who_wait_already) {
    run_net([]() -> Coro<> {
        Made made(AF_INET);
        const Address address = made.bind_to(any_port);
        EXPECT_EQ(listen(made.fd, 5), 0);
        const RawPeer early(address);
        early.send("early");
        const Server server = co_await start_server(echo, {.start_serving = false, .sock = made.fd});
        made.taken = true;
        EXPECT_FALSE(server.is_serving());
        server.start_serving();
        char bytes[8];
        co_await testing::until(
            [&] { return recv(early.fd(), bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT) == ssize_t{5}; });
        EXPECT_EQ(early.receive(10), "early");
    }());
}

TEST(RealGivenSocket, a_server_refuses_what_cannot_serve) {
    run_net([]() -> Coro<> {
        const Made datagrams(AF_INET, SOCK_DGRAM), stream(AF_INET), local_datagrams(AF_UNIX, SOCK_DGRAM);
        EXPECT_EQ(co_await ending_of(start_server(echo, {.sock = datagrams.fd})),
                  expected("A Stream Socket", datagrams));
        EXPECT_EQ(co_await ending_of(start_server(echo, {.family = AddressFamily::local, .sock = stream.fd})),
                  expected("A UNIX Domain Stream Socket", stream));
        EXPECT_EQ(co_await ending_of(start_server(echo, {.family = AddressFamily::local, .sock = local_datagrams.fd})),
                  expected("A UNIX Domain Stream Socket", local_datagrams));
        EXPECT_EQ(co_await ending_of(start_server(echo, "0.0.0.0", 0, {.sock = stream.fd})),
                  "hocket::ValueError: host/port and sock can not be specified at the same time");
        EXPECT_EQ(co_await ending_of(start_server(echo, Address::local("/test"), {.sock = stream.fd})),
                  "hocket::ValueError: address and sock can not be specified at the same time");
        EXPECT_EQ(co_await ending_of(start_server(echo, ServerOptions())),
                  "hocket::ValueError: neither an address nor sock was specified");
        for (const Made* made : {&datagrams, &stream, &local_datagrams}) EXPECT_GE(fcntl(made->fd, F_GETFD), 0);
    }());
}

TEST(RealGivenSocket, the_file_of_a_servers_socket_goes_with_it_or_stays) {
    run_net([]() -> Coro<> {
        const std::string path = "/tmp/hocket-test-" + std::to_string(getpid()) + "-given.sock";
        for (const bool cleanup : {true, false}) {
            Made made(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
            made.bind_to(Address::local(path));
            const Server server = co_await start_server(
                echo, {.family = AddressFamily::local, .cleanup_socket = cleanup, .sock = made.fd});
            made.taken = true;
            auto [reader, writer] = co_await open_connection(Address::local(path));
            co_await writer.write("hello");
            EXPECT_EQ(co_await reader.readexactly(5), "hello");
            writer.close();
            server.close();
            EXPECT_EQ(access(path.c_str(), F_OK) == 0, !cleanup);
            co_await server.wait_closed();
        }
        EXPECT_EQ(unlink(path.c_str()), 0);
    }());
}

TEST(RealGivenSocket, a_connection_that_was_accepted_elsewhere_becomes_streams) {
    run_net([]() -> Coro<> {
        const Made listening(AF_INET);
        const Address address = listening.bind_to(any_port);
        EXPECT_EQ(listen(listening.fd, 1), 0);
        RawPeer client(address);
        client.send("test data");
        const int accepted = accept4(listening.fd, nullptr, nullptr, SOCK_CLOEXEC);
        {
            auto [reader, writer] = co_await connect_accepted_socket(accepted);
            EXPECT_EQ(co_await reader.readexactly(9), "test data");
            co_await writer.write("roger");
            EXPECT_EQ(client.receive(99), "roger");
            client.close();
            EXPECT_EQ(co_await reader.read(), "");
        }
        const Made datagrams(AF_INET, SOCK_DGRAM);
        EXPECT_EQ(co_await ending_of(connect_accepted_socket(datagrams.fd)), expected("A Stream Socket", datagrams));
    }());
}

TEST(RealGivenSocket, its_number_may_be_that_of_an_older_one) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        for (int i = 0; i < 3; ++i) {
            Made made(AF_INET);
            EXPECT_EQ(made.connect_to(server.sockets().at(0)), 0);
            auto [reader, writer] = co_await open_connection({.sock = made.fd});
            made.taken = true;
            co_await writer.write("hello");
            EXPECT_EQ(co_await reader.readexactly(5), "hello");
            writer.close();
            co_await writer.wait_closed();
        }
    }());
}

TEST(VirtualGivenSocket, virtual_time_has_no_sockets) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open_connection({.sock = 0})),
                  "hocket::OSError: take over descriptor 0: Operation not supported");
    }());
}

}  // namespace
}  // namespace hocket
