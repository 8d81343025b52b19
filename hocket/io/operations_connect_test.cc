// SPDX-License-Identifier: MIT
// Connections on both real backends: accepted, asked for, refused.
#include <hocket/io/operations_test.h>

#include <sys/un.h>
#include <cstring>

namespace hocket {
namespace {

TEST_P(OnceOperations, accept_gives_a_descriptor_that_does_not_block_nor_leak_into_children) {
    Listener l = listen_on_loopback();
    sockaddr_in peer{};
    unsigned peer_size = sizeof peer;
    TestOperation accept(Opcode::accept, l.fd, &peer, 0);
    accept.address_size = &peer_size;
    begin(accept);
    Descriptor client(backend->socket(AF_INET, SOCK_STREAM, 0));
    TestOperation connect = connect_to(client, l.address);
    EXPECT_EQ(run(connect), 0);
    Descriptor server(accept.completions == 0 ? result_of(accept) : accept.result);
    ASSERT_GE(server, 0);
    EXPECT_NE(fcntl(server, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(server, F_GETFD) & FD_CLOEXEC, 0);
    sockaddr_in own{};
    unsigned own_size = sizeof own;
    EXPECT_EQ(backend->getsockname(client, reinterpret_cast<sockaddr*>(&own), &own_size), 0);
    EXPECT_EQ(own.sin_port, peer.sin_port);
    EXPECT_EQ(backend->getpeername(server, reinterpret_cast<sockaddr*>(&own), &own_size), 0);
    EXPECT_EQ(own.sin_port, peer.sin_port);
}

TEST_P(OnceOperations, an_accept_that_finds_nothing_waits_for_the_next_connection) {
    Listener l = listen_on_loopback();
    TestOperation accept_one(Opcode::accept, l.fd), accept_other(Opcode::accept, l.fd);
    begin(accept_one);
    begin(accept_other);
    Descriptor client(backend->socket(AF_INET, SOCK_STREAM, 0)), late(backend->socket(AF_INET, SOCK_STREAM, 0));
    TestOperation connect = connect_to(client, l.address);
    EXPECT_EQ(run(connect), 0);
    while (accept_one.completions + accept_other.completions == 0) backend->poll(backend->now() + 200 * millisecond);
    backend->poll(backend->now());
    EXPECT_EQ(accept_one.completions + accept_other.completions,
              1);  // there is one connection, and no error for the other
    TestOperation again = connect_to(late, l.address);
    EXPECT_EQ(run(again), 0);
    Descriptor one(accept_one.completions == 0 ? result_of(accept_one) : accept_one.result);
    Descriptor other(accept_other.completions == 0 ? result_of(accept_other) : accept_other.result);
    EXPECT_GE(one, 0);
    EXPECT_GE(other, 0);
}

TEST_P(OnceOperations, a_refused_connection_is_an_error) {
    Listener l = listen_on_loopback();
    l.fd.close();
    Descriptor client(backend->socket(AF_INET, SOCK_STREAM, 0));
    TestOperation connect = connect_to(client, l.address);
    EXPECT_EQ(run(connect), -ECONNREFUSED);
}

TEST_P(OnceOperations, connections_are_accepted_on_a_blocking_listener) {
    Listener l = listen_on_loopback();
    fcntl(l.fd, F_SETFL, 0);
    Descriptor listener(dup(l.fd));  // one that the backend did not make
    TestOperation accept(Opcode::accept, listener);
    begin(accept);
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    TestOperation connect = connect_to(client, l.address);
    EXPECT_EQ(run(connect), 0);
    EXPECT_EQ(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
    Descriptor server(accept.completions == 0 ? result_of(accept) : accept.result);
    EXPECT_GE(server, 0);
}

TEST_P(OnceOperations, a_connection_to_no_unix_socket_is_an_error) {
    Descriptor client(backend->socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "/nonexistent/socket");
    TestOperation connect(Opcode::connect, client, &address, sizeof address);
    EXPECT_EQ(run(connect), -ENOENT);
}

TEST_P(OnceOperations, connections_that_are_there_are_accepted_without_waiting) {
    Listener l = listen_on_loopback();
    TestOperation accept(Opcode::accept, l.fd);
    begin(accept);
    sockaddr_in peer{}, own{};
    unsigned peer_size = sizeof peer, own_size = sizeof own;
    EXPECT_EQ(backend->accept(l.fd, reinterpret_cast<sockaddr*>(&peer), &peer_size), -EAGAIN);
    Descriptor clients[3];
    for (Descriptor& client : clients) {
        client = Descriptor(backend->socket(AF_INET, SOCK_STREAM, 0));
        TestOperation connect = connect_to(client, l.address);
        EXPECT_EQ(run(connect), 0);
    }
    Descriptor first(accept.completions == 0 ? result_of(accept) : accept.result);
    for (int i = 1; i < 3; ++i) {
        const Descriptor server(backend->accept(l.fd, reinterpret_cast<sockaddr*>(&peer), &peer_size));
        ASSERT_GE(server, 0);
        EXPECT_NE(fcntl(server, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(fcntl(server, F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_EQ(backend->getsockname(clients[i], reinterpret_cast<sockaddr*>(&own), &own_size), 0);
        EXPECT_EQ(own.sin_port, peer.sin_port);
    }
    EXPECT_EQ(backend->accept(l.fd, reinterpret_cast<sockaddr*>(&peer), &peer_size), -EAGAIN);
    begin(accept);  // which the next connection ends, though somebody looked in vain
    Descriptor late(backend->socket(AF_INET, SOCK_STREAM, 0));
    TestOperation connect = connect_to(late, l.address);
    EXPECT_EQ(run(connect), 0);
    Descriptor last(accept.completions == 1 ? result_of(accept) : accept.result);
    EXPECT_GE(last, 0);
    EXPECT_EQ(backend->accept(-1, nullptr, nullptr), -EBADF);
}

}  // namespace
}  // namespace hocket
