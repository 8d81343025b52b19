// SPDX-License-Identifier: MIT
// Datagrams over UNIX-domain sockets: paths, abstract names, peers without a name.
#include <gtest/gtest.h>
#include <hocket/net/datagram_test.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <string>

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::RawDatagrams, testing::bound_to, testing::connected_to,
    testing::datagram_path;

TEST(RealDatagramEndpoint, paths_are_addresses) {
    run_net([]() -> Coro<> {
        const Address here = Address::local(datagram_path("here")), there = Address::local(datagram_path("there"));
        const DatagramEndpoint server = co_await bound_to(here);
        const DatagramOptions options{.local_address = there, .remote_address = here};
        const DatagramEndpoint client = co_await create_datagram_endpoint(options);
        client.sendto("hello");
        const auto [data, from] = co_await server.recvfrom();
        EXPECT_EQ(data, "hello");
        EXPECT_EQ(from, there);
        server.sendto("welcome", from);
        EXPECT_EQ((co_await client.recvfrom()).first, "welcome");
        EXPECT_EQ(unlink(here.host().c_str()), 0);
        EXPECT_EQ(unlink(there.host().c_str()), 0);
    }());
}

TEST(RealDatagramEndpoint, a_peer_without_a_name_has_no_address) {
    run_net([]() -> Coro<> {
        const Address path = Address::local(datagram_path("nameless"));
        const DatagramEndpoint server = co_await bound_to(path);
        const DatagramEndpoint client = co_await connected_to(path);
        client.sendto("hello");
        const auto [data, from] = co_await server.recvfrom();
        EXPECT_EQ(data, "hello");
        EXPECT_FALSE(from);
        EXPECT_EQ(unlink(path.host().c_str()), 0);
    }());
}

TEST(RealDatagramEndpoint, an_empty_path_is_a_free_abstract_name) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_to(Address::local(""));
        EXPECT_TRUE(endpoint.sockname().str().starts_with("unix:@")) << endpoint.sockname().str();
        const DatagramEndpoint client = co_await connected_to(endpoint.sockname());
        client.sendto("hello");
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "hello");
    }());
}

TEST(RealDatagramEndpoint, a_family_alone_makes_a_unix_socket_too) {
    run_net([]() -> Coro<> {
        const DatagramOptions options{.family = AddressFamily::local};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        EXPECT_EQ(endpoint.sockname().family(), AddressFamily::local);
        int domain = 0;
        socklen_t size = sizeof domain;
        EXPECT_EQ(getsockopt(endpoint.fileno(), SOL_SOCKET, SO_DOMAIN, &domain, &size), 0);
        EXPECT_EQ(domain, AF_UNIX);
        endpoint.close();
        co_await endpoint.wait_closed();
    }());
}

TEST(RealDatagramEndpoint, a_socket_that_was_left_behind_is_replaced) {
    run_net([]() -> Coro<> {
        const std::string path = datagram_path("left");
        {
            const RawDatagrams left(Address::local(path));
        }
        const DatagramEndpoint endpoint = co_await bound_to(Address::local(path));
        const DatagramEndpoint client = co_await connected_to(Address::local(path));
        client.sendto("hello");
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "hello");
        endpoint.close();
        co_await endpoint.wait_closed();
        EXPECT_EQ(unlink(path.c_str()), 0);  // as with asyncio, it stays
    }());
}

TEST(RealDatagramEndpoint, a_file_that_is_no_socket_is_left_alone) {
    run_net([]() -> Coro<> {
        const std::string path = datagram_path("file");
        ::close(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        EXPECT_EQ(co_await ending_of(bound_to(Address::local(path))),
                  "hocket::OSError: bind to unix:" + path + ": Address already in use");
        EXPECT_EQ(unlink(path.c_str()), 0);
    }());
}

}  // namespace
}  // namespace hocket
