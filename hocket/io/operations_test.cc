// SPDX-License-Identifier: MIT
// Operations of sockets on both real backends: bytes and datagrams, errors, and loops that change threads.
#include <hocket/io/operations_test.h>

#include <poll.h>
#include <sys/un.h>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>

namespace hocket {
namespace {
using State = Operation::State;

INSTANTIATE_TEST_SUITE_P(, OnceOperations, ::testing::ValuesIn(kinds), name_of);

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

TEST_P(OnceOperations, recv_on_what_was_dry_takes_what_came_and_what_comes) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    op.dry = true;
    ASSERT_EQ(::write(b, "there", 5), 5);
    EXPECT_EQ(run(op), 5);
    op.dry = true;
    begin(op);
    ASSERT_EQ(::write(b, "later", 5), 5);
    EXPECT_EQ(result_of(op), 5);
    EXPECT_EQ(std::string_view(buffer, 5), "later");
    op.dry = true;
    begin(op);
    backend->cancel(op);
    EXPECT_EQ(result_of(op), -ECANCELED);
    op.dry = true;
    b.close();
    EXPECT_EQ(run(op), 0);
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
