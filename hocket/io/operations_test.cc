// SPDX-License-Identifier: MIT
// Every operation on both real backends: success, error, waiting, and the descriptors that are particular.
#include <hocket/io/operations_test.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/un.h>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace hocket {
namespace {
using State = Operation::State;

class OnceOperations : public RealBackendTest {};

INSTANTIATE_TEST_SUITE_P(, OnceOperations, testing::ValuesIn(kinds), name_of);

// ---- recv and send

TEST_P(OnceOperations, recv_takes_what_is_there) {
    auto [a, b] = socket_pair();
    ASSERT_EQ(::write(b, "hello", 5), 5);
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    EXPECT_EQ(run(op), 5);
    EXPECT_EQ(std::string_view(buffer, 5), "hello");
    EXPECT_EQ(op.state, State::idle);
    EXPECT_EQ(backend->pending(), 0U);
}

TEST_P(OnceOperations, nothing_completes_inside_submit) {
    auto [a, b] = socket_pair();
    ASSERT_EQ(::write(b, "x", 1), 1);
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    backend->submit(op);
    EXPECT_EQ(op.completions, 0);
    EXPECT_EQ(backend->pending(), 1U);
    EXPECT_TRUE(backend->has_news());
    EXPECT_EQ(result_of(op), 1);
}

TEST_P(OnceOperations, recv_waits_for_what_comes_later) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    begin(op);
    ASSERT_EQ(::write(b, "later", 5), 5);
    EXPECT_EQ(result_of(op), 5);
}

TEST_P(OnceOperations, recv_at_the_end_gives_0) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    begin(op);
    b.close();
    EXPECT_EQ(result_of(op), 0);
    EXPECT_EQ(run(op), 0);
}

TEST_P(OnceOperations, recv_sees_a_reset) {
    Listener l = listen_on_loopback();
    Descriptor client(backend->socket(AF_INET, SOCK_STREAM, 0));
    TestOperation connect = connect_to(client, l.address);
    ASSERT_EQ(run(connect), 0);
    TestOperation accept(Opcode::accept, l.fd);
    Descriptor server(run(accept));
    ASSERT_GE(server, 0);
    TestOperation op(Opcode::recv, client, buffer, sizeof buffer);
    begin(op);
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ASSERT_EQ(backend->setsockopt(server, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    backend->close(server.release());
    EXPECT_EQ(result_of(op), -ECONNRESET);
}

TEST_P(OnceOperations, an_echo_goes_on_and_on) {
    auto [a, b] = socket_pair();
    TestOperation recv(Opcode::recv, a, buffer, sizeof buffer);
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(::write(b, &i, sizeof i), static_cast<ssize_t>(sizeof i));
        ASSERT_EQ(run(recv), static_cast<int>(sizeof i));
        TestOperation send(Opcode::send, a, buffer, sizeof i);
        ASSERT_EQ(run(send), static_cast<int>(sizeof i));
        int echoed = -1;
        ASSERT_EQ(::read(b, &echoed, sizeof echoed), static_cast<ssize_t>(sizeof i));
        ASSERT_EQ(echoed, i);
    }
}

TEST_P(OnceOperations, data_that_comes_in_pieces_is_all_read) {
    auto [a, b] = socket_pair();
    ASSERT_EQ(::write(b, "abc", 3), 3);
    TestOperation op(Opcode::recv, a, buffer, 2);
    EXPECT_EQ(run(op), 2);
    EXPECT_EQ(run(op), 1);  // a short read, so the next waits
    begin(op);
    ASSERT_EQ(::write(b, "defg", 4), 4);
    EXPECT_EQ(result_of(op), 2);
    EXPECT_EQ(run(op), 2);
}

TEST_P(OnceOperations, data_that_nobody_waited_for_is_read_afterwards) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    begin(op);
    ASSERT_EQ(::write(b, "1", 1), 1);
    EXPECT_EQ(result_of(op), 1);
    ASSERT_EQ(::write(b, "22", 2), 2);
    for (int i = 0; i < 3; ++i) backend->poll(0);
    EXPECT_EQ(run(op), 2);
    begin(op);
    ASSERT_EQ(::write(b, "333", 3), 3);
    EXPECT_EQ(result_of(op), 3);
}

TEST_P(OnceOperations, poll_sleeps_though_a_descriptor_that_nobody_waits_for_is_ready) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, 1);
    begin(op);
    ASSERT_EQ(::write(b, "12", 2), 2);
    EXPECT_EQ(result_of(op), 1);
    b.close();  // readable, and hung up
    auto [c, d] = socket_pair();
    TestOperation other(Opcode::recv, c, buffer, 1);
    begin(other);
    const std::int64_t cpu_before = clock();
    backend->poll(backend->now() + 200 * millisecond);
    EXPECT_LT(clock() - cpu_before, CLOCKS_PER_SEC / 10);
    EXPECT_EQ(run(op), 1);
    EXPECT_EQ(run(op), 0);
    backend->cancel(other);
    EXPECT_EQ(result_of(other), -ECANCELED);
}

TEST_P(OnceOperations, readers_of_one_descriptor_are_all_served) {
    auto [a, b] = socket_pair();
    char second_buffer[1]{};
    TestOperation first(Opcode::recv, a, buffer, 1);
    TestOperation second_op(Opcode::recv, a, second_buffer, 1);
    begin(first);
    begin(second_op);
    ASSERT_EQ(::write(b, "12", 2), 2);
    EXPECT_EQ(result_of(first), 1);
    if (second_op.completions == 0) {
        EXPECT_EQ(result_of(second_op), 1);
    }
    if (is_epoll()) {
        EXPECT_EQ(buffer[0], '1');  // in order; io_uring promises none
    }
    EXPECT_EQ(buffer[0] + second_buffer[0], '1' + '2');
}

TEST_P(OnceOperations, reader_and_writer_of_one_descriptor_wait_side_by_side) {
    auto [a, b] = socket_pair();
    fill_up(a);
    char byte = 'x';
    TestOperation recv(Opcode::recv, a, buffer, sizeof buffer);
    TestOperation send(Opcode::send, a, &byte, 1);
    begin(recv);
    begin(send);
    ASSERT_EQ(::write(b, "y", 1), 1);
    EXPECT_EQ(result_of(recv), 1);
    EXPECT_EQ(send.completions, 0);
    char drained[65536];
    while (::read(b, drained, sizeof drained) > 0) {
    }
    EXPECT_EQ(result_of(send), 1);
}

TEST_P(OnceOperations, a_send_to_a_closed_peer_is_EPIPE_without_a_signal) {
    auto [a, b] = socket_pair();
    b.close();
    TestOperation op(Opcode::send, a, buffer, 1);
    EXPECT_EQ(run(op), -EPIPE);
    iovec piece{.iov_base = buffer, .iov_len = 1};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    TestOperation with_message(Opcode::sendmsg, a, &message, 0);
    EXPECT_EQ(run(with_message), -EPIPE);
}

TEST_P(OnceOperations, told_not_to_wait_recv_does_not) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, 1);
    op.flags = MSG_DONTWAIT;
    EXPECT_EQ(run(op), -EAGAIN);
}

TEST_P(OnceOperations, a_blocking_socket_does_not_block_the_loop) {
    auto [a, b] = socket_pair(SOCK_STREAM, 0);
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    begin(op);
    ASSERT_EQ(::write(b, "x", 1), 1);
    EXPECT_EQ(result_of(op), 1);
}

TEST_P(OnceOperations, recvmsg_and_sendmsg_carry_a_datagram_and_its_pieces) {
    auto [a, b] = socket_pair(SOCK_DGRAM);
    char one[] = "one", two[] = "two";
    iovec out[] = {{one, 3}, {two, 3}};
    msghdr sent{};
    sent.msg_iov = out;
    sent.msg_iovlen = 2;
    iovec in{buffer, sizeof buffer};
    msghdr received{};
    received.msg_iov = &in;
    received.msg_iovlen = 1;
    TestOperation recv(Opcode::recvmsg, a, &received, 0);
    begin(recv);
    TestOperation send(Opcode::sendmsg, b, &sent, 0);
    EXPECT_EQ(run(send), 6);
    if (recv.completions == 0) result_of(recv);
    EXPECT_EQ(recv.result, 6);
    EXPECT_EQ(std::string_view(buffer, 6), "onetwo");
}

TEST_P(OnceOperations, a_datagram_that_waits_for_room_is_sent_whole) {
    for (const Opcode code : {Opcode::sendmsg, Opcode::send}) {
        Descriptor to(backend->socket(AF_UNIX, SOCK_DGRAM, 0)), from(backend->socket(AF_UNIX, SOCK_DGRAM, 0));
        sockaddr_un address{};
        unsigned size = sizeof(sa_family_t);  // the system chooses a name
        address.sun_family = AF_UNIX;
        ASSERT_EQ(backend->bind(to, reinterpret_cast<sockaddr*>(&address), size), 0);
        size = sizeof address;
        ASSERT_EQ(backend->getsockname(to, reinterpret_cast<sockaddr*>(&address), &size), 0);
        ASSERT_EQ(::connect(from, reinterpret_cast<sockaddr*>(&address), size), 0);
        int early = 0;
        while (::send(from, "early", 5, 0) == 5) ++early;
        char late[] = "late";
        iovec piece{late, 4};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        TestOperation op(code, from, code == Opcode::send ? static_cast<void*>(late) : &message, 4);
        op.borrowed = code == Opcode::send;  // of one's own, the backend takes it for a stream
        begin(op);
        for (; early > 0; --early) ASSERT_EQ(::recv(to, buffer, sizeof buffer, 0), 5);
        EXPECT_EQ(result_of(op), 4);
        EXPECT_EQ(::recv(to, buffer, sizeof buffer, 0), 4);
        backend->close(to.release());
        backend->close(from.release());
    }
}

TEST_P(OnceOperations, sendmsg_at_once_says_when_it_would_have_to_wait) {
    auto [a, b] = socket_pair(SOCK_DGRAM, 0);  // blocking ones
    char one[] = "one";
    iovec bytes{one, 3};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    int sent = 0, result = 0;
    while ((result = backend->sendmsg(b, &message)) == 3) ++sent;
    EXPECT_EQ(result, -EAGAIN);
    EXPECT_GT(sent, 0);
    for (; sent > 0; --sent) EXPECT_EQ(::recv(a, buffer, sizeof buffer, MSG_DONTWAIT), 3);
    EXPECT_EQ(::recv(a, buffer, sizeof buffer, MSG_DONTWAIT), -1);
    auto [c, d] = socket_pair(SOCK_STREAM);
    c.close();
    EXPECT_EQ(backend->sendmsg(d, &message), -EPIPE);  // and no signal
}

// ---- accept and connect

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

// ---- read, write and poll

TEST_P(OnceOperations, files_are_read_and_written_at_an_offset_and_at_their_position) {
    char path[] = "/tmp/hocket_io_XXXXXX";
    Descriptor file(mkostemp(path, O_CLOEXEC));
    ASSERT_GE(file, 0);
    unlink(path);
    char text[] = "0123456789";
    TestOperation write(Opcode::write, file, text, 10, 0);
    EXPECT_EQ(run(write), 10);
    TestOperation read(Opcode::read, file, buffer, 4, 3);
    EXPECT_EQ(run(read), 4);
    EXPECT_EQ(std::string_view(buffer, 4), "3456");
    read.offset = -1;
    EXPECT_EQ(run(read), 4);
    EXPECT_EQ(run(read), 4);
    EXPECT_EQ(std::string_view(buffer, 4), "4567");
    read.offset = 10;
    EXPECT_EQ(run(read), 0);
}

TEST_P(OnceOperations, a_pipe_is_read_and_written) {
    for (const int flags : {O_NONBLOCK, 0}) {
        auto [out, in] = make_pipe(flags);
        TestOperation read(Opcode::read, out, buffer, sizeof buffer);
        begin(read);
        char text[] = "through";
        TestOperation write(Opcode::write, in, text, 7);
        EXPECT_EQ(run(write), 7);
        if (read.completions == 0) result_of(read);
        EXPECT_EQ(read.result, 7);
        backend->submit(read);
        backend->poll(0);
        backend->close(in.release());
        EXPECT_EQ(result_of(read), 0);
        backend->close(out.release());
    }
}

TEST_P(OnceOperations, a_write_to_a_full_pipe_waits) {
    auto [out, in] = make_pipe();
    fill_up(in);
    TestOperation write(Opcode::write, in, buffer, 1);
    begin(write);
    char drained[65536];
    ASSERT_GT(::read(out, drained, sizeof drained), 0);
    EXPECT_EQ(result_of(write), 1);
}

TEST_P(OnceOperations, a_device_that_cannot_be_waited_for_is_read_at_once) {
    Descriptor zero(open("/dev/zero", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    TestOperation read(Opcode::read, zero, buffer, sizeof buffer);
    EXPECT_EQ(run(read), 64);
}

TEST_P(OnceOperations, descriptors_that_only_know_plain_reads_are_waited_for_and_cancelled) {
    for (const int flags : {int{IN_NONBLOCK}, 0}) {
        Descriptor watch(inotify_init1(IN_CLOEXEC | flags));
        char path[] = "/tmp/hocket_io_XXXXXX";
        Descriptor file(mkostemp(path, O_CLOEXEC));
        ASSERT_GE(inotify_add_watch(watch, path, IN_MODIFY), 0);
        for (int i = 0; i < 20; ++i) {
            TestOperation read(Opcode::read, watch, buffer, sizeof buffer);
            begin(read);
            if (i % 2 == 0) {
                ASSERT_EQ(::write(file, "x", 1), 1);
                EXPECT_EQ(result_of(read), static_cast<int>(sizeof(inotify_event)));
            } else {
                if (i % 4 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                backend->cancel(read);
                EXPECT_EQ(result_of(read), -ECANCELED);
            }
        }
        unlink(path);
        backend->close(watch.release());
    }
}

TEST_P(OnceOperations, a_terminal_is_read) {
    for (const int flags : {O_NONBLOCK, 0}) {
        Descriptor terminal(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | flags));
        ASSERT_GE(terminal, 0);
        ASSERT_EQ(grantpt(terminal), 0);
        ASSERT_EQ(unlockpt(terminal), 0);
        Descriptor inside(open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_GE(inside, 0);
        TestOperation read(Opcode::read, terminal, buffer, sizeof buffer);
        begin(read);
        ASSERT_EQ(::write(inside, "x", 1), 1);
        EXPECT_EQ(result_of(read), 1);
        begin(read);
        backend->cancel(read);
        EXPECT_EQ(result_of(read), -ECANCELED);
        backend->close(terminal.release());
    }
}

TEST_P(OnceOperations, poll_tells_the_events_that_hold) {
    auto [a, b] = socket_pair();
    TestOperation writable = poll_for(a, POLLOUT | POLLIN);
    EXPECT_EQ(run(writable), POLLOUT);
    TestOperation readable = poll_for(a, POLLIN);
    begin(readable);
    ASSERT_EQ(::write(b, "x", 1), 1);
    EXPECT_EQ(result_of(readable), POLLIN);
    EXPECT_EQ(run(readable), POLLIN);  // it still holds
}

TEST_P(OnceOperations, poll_tells_a_hang_up_unasked) {
    auto [out, in] = make_pipe();
    TestOperation readable = poll_for(out, POLLIN);
    begin(readable);
    in.close();
    EXPECT_EQ(result_of(readable), POLLHUP);
    auto [a, b] = socket_pair();
    TestOperation half = poll_for(a, POLLRDHUP);
    begin(half);
    ::shutdown(b, SHUT_WR);
    EXPECT_EQ(result_of(half), POLLRDHUP);
}

TEST_P(OnceOperations, polls_of_one_descriptor_are_independent) {
    auto [a, b] = socket_pair();
    TestOperation reading = poll_for(a, POLLIN), writing = poll_for(a, POLLOUT), both = poll_for(a, POLLIN | POLLOUT);
    begin(reading);
    backend->submit(both);
    EXPECT_EQ(run(writing), POLLOUT);
    if (both.completions == 0) result_of(both);
    EXPECT_EQ(both.result, POLLOUT);
    EXPECT_EQ(reading.completions, 0);
    ASSERT_EQ(::write(b, "x", 1), 1);
    EXPECT_EQ(result_of(reading), POLLIN);
}

TEST_P(OnceOperations, a_regular_file_is_always_ready) {
    Descriptor file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    TestOperation op = poll_for(file, POLLIN | POLLOUT);
    EXPECT_EQ(run(op), POLLIN | POLLOUT);
}

TEST_P(OnceOperations, poll_notices_a_descriptor_that_others_replaced) {
    auto [a, b] = socket_pair();
    TestOperation op = poll_for(a, POLLIN);
    begin(op);
    ASSERT_EQ(::write(b, "x", 1), 1);
    EXPECT_EQ(result_of(op), POLLIN);
    auto [c, d] = socket_pair();
    ASSERT_EQ(dup2(c, a), static_cast<int>(a));  // as a library might: closed and opened under the same number
    begin(op);
    ASSERT_EQ(::write(d, "x", 1), 1);
    EXPECT_EQ(result_of(op), POLLIN);
}

// ---- errors

TEST_P(OnceOperations, a_bad_descriptor_is_an_error_of_every_operation) {
    msghdr message{};
    for (const int fd : {-1, 1'000'000}) {
        for (const Opcode code : {Opcode::poll, Opcode::accept, Opcode::connect, Opcode::recv, Opcode::send,
                                  Opcode::recvmsg, Opcode::sendmsg, Opcode::read, Opcode::write}) {
            const bool with_message = code == Opcode::recvmsg || code == Opcode::sendmsg;
            TestOperation op(code, fd, with_message ? static_cast<void*>(&message) : buffer, sizeof(sockaddr_in));
            if (code == Opcode::accept) op.data = nullptr;
            EXPECT_EQ(run(op), -EBADF) << static_cast<int>(code);
        }
    }
}

TEST_P(OnceOperations, socket_calls_on_a_file_are_errors) {
    Descriptor file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    for (const Opcode code : {Opcode::accept, Opcode::recv, Opcode::send}) {
        TestOperation op(code, file, buffer, 1);
        if (code == Opcode::accept) op.data = nullptr;
        EXPECT_EQ(run(op), -ENOTSOCK);
    }
}

TEST_P(OnceOperations, a_closed_descriptor_is_forgotten) {
    for (int i = 0; i < 20; ++i) {
        auto [a, b] = socket_pair();
        Descriptor copy(dup(a));  // keeps the socket open after close
        TestOperation op(Opcode::recv, a, buffer, 1);
        begin(op);
        ASSERT_EQ(::write(b, "x", 1), 1);
        ASSERT_EQ(result_of(op), 1);
        ASSERT_EQ(::write(b, "y", 1), 1);
        ASSERT_EQ(backend->close(a.release()), 0);
        backend->poll(0);
        Descriptor next(open("/dev/zero", O_RDONLY | O_CLOEXEC));
        TestOperation read(Opcode::read, next, buffer, 1);
        ASSERT_EQ(run(read), 1);
        ASSERT_EQ(backend->close(next.release()), 0);
    }
    EXPECT_EQ(backend->close(-1), -EBADF);
}

// ---- Threads: a loop may run on one and then on another

TEST_P(OnceOperations, those_that_a_thread_began_go_on_when_it_has_ended) {
    auto [a, b] = socket_pair();
    auto [out, in] = make_pipe();
    char second_buffer[8];
    Listener l = listen_on_loopback();
    TestOperation ops[] = {{Opcode::recv, a, buffer, 8},
                           {Opcode::read, out, second_buffer, 8},
                           {Opcode::accept, l.fd},
                           poll_for(b, POLLIN)};
    std::thread([&] {
        for (TestOperation& op : ops) begin(op);
    }).join();
    ASSERT_EQ(::write(b, "one", 3), 3);
    EXPECT_EQ(result_of(ops[0]), 3);
    ASSERT_EQ(::write(in, "four", 4), 4);
    EXPECT_EQ(result_of(ops[1]), 4);
    backend->cancel(ops[2]);
    EXPECT_EQ(result_of(ops[2]), -ECANCELED);
    ASSERT_EQ(::write(a, "x", 1), 1);
    EXPECT_EQ(result_of(ops[3]), POLLIN);
    EXPECT_EQ(backend->pending(), 0U);
}

TEST_P(OnceOperations, those_that_one_thread_began_complete_on_another_while_the_first_waits_for_it) {
    auto [a, b] = socket_pair();
    TestOperation received(Opcode::recv, a, buffer, 8), waiting(Opcode::recv, b, buffer, 8);
    begin(received);
    begin(waiting);
    std::thread([&, &to = b] {
        ASSERT_EQ(::write(to, "one", 3), 3);
        EXPECT_EQ(result_of(received), 3);
        backend->cancel(waiting);
        EXPECT_EQ(result_of(waiting), -ECANCELED);
    }).join();
    EXPECT_EQ(backend->pending(), 0U);
}

}  // namespace

}  // namespace hocket
