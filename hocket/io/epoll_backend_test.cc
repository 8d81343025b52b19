// SPDX-License-Identifier: MIT
// What only the epoll backend promises.
#include <hocket/io/operations_test.h>

#include <hocket/io/uring_backend.h>

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <memory>
#include <vector>

namespace hocket {

namespace {

TEST(OnceEpoll, a_write_that_would_block_on_a_blocking_pipe_waits_and_goes_on) {
    EpollBackend backend;
    auto [out, in] = make_pipe(0);
    static char block[1 << 20];
    std::size_t received = 0, sent = 0;
    TestOperation write(Opcode::write, in, block, sizeof block);
    backend.submit(write);
    while (received < sizeof block) {
        backend.poll(0);
        if (write.completions == 1) {
            ASSERT_GT(write.result, 0);
            sent += static_cast<std::size_t>(write.result);
            write.completions = 0;
            write.size = sizeof block - sent;
            if (write.size > 0) backend.submit(write);
        } else {
            static char drained[10'000];
            const ssize_t n = ::read(out, drained, sizeof drained);
            ASSERT_GT(n, 0);
            received += static_cast<std::size_t>(n);
        }
    }
    EXPECT_EQ(sent, sizeof block);
    EXPECT_EQ(backend.pending(), 0U);
}

TEST(OnceEpoll, a_descriptor_far_up_is_found) {
    EpollBackend backend;
    auto [a, b] = socket_pair();
    Descriptor far(fcntl(a, F_DUPFD_CLOEXEC, 1000));
    ASSERT_GE(far, 1000);
    char byte = 0;
    TestOperation op(Opcode::recv, far, &byte, 1);
    backend.submit(op);
    backend.poll(0);
    ASSERT_EQ(::write(b, "x", 1), 1);
    while (op.completions == 0) backend.poll(Backend::forever);
    EXPECT_EQ(op.result, 1);
    EXPECT_EQ(backend.close(far.release()), 0);
}

TEST(OnceEpoll, a_send_at_once_takes_what_there_is_room_for) {
    EpollBackend backend;
    auto [a, b] = socket_pair();
    static char block[64 << 10];
    int sent = backend.send_at_once(b, "three", 5);
    EXPECT_EQ(sent, 5);
    for (int n = 0; (n = backend.send_at_once(b, block, sizeof block)) > 0;) sent += n;
    EXPECT_EQ(backend.send_at_once(b, block, sizeof block), -EAGAIN);
    int received = 0;
    for (ssize_t n = 0; (n = ::recv(a, block, sizeof block, MSG_DONTWAIT)) > 0;) received += static_cast<int>(n);
    EXPECT_EQ(received, sent);
    a.close();
    EXPECT_EQ(backend.send_at_once(b, "x", 1), -EPIPE);          // and no signal
    EXPECT_EQ(UringBackend().send_at_once(b, "x", 1), -EAGAIN);  // an operation is cheaper there
}

TEST(OnceEpoll, of_large_messages_only_some_are_received_before_they_are_looked_at) {
    constexpr int pairs = 32, room = 64 << 10;
    EpollBackend backend;
    std::vector<Pair> sockets;
    static char buffers[pairs][room];
    std::vector<std::unique_ptr<TestOperation>> receiving;
    for (int i = 0; i < pairs; ++i) {
        sockets.push_back(socket_pair());
        receiving.push_back(std::make_unique<TestOperation>(Opcode::recv, sockets.back().a, buffers[i], room));
    }
    // How many of the messages that all come at once the first poll receives; all are received in the end.
    const auto in_first_poll = [&](std::size_t size) {
        for (auto& op : receiving) {
            op->completions = 0;
            backend.submit(*op);
        }
        for (auto& [to, from] : sockets) EXPECT_EQ(::send(from, buffers[0], size, 0), static_cast<ssize_t>(size));
        const auto done = [&] {
            return std::count_if(receiving.begin(), receiving.end(),
                                 [](const auto& op) { return op->completions == 1; });
        };
        backend.poll(0);
        const auto first = done();
        while (backend.pending() > 0) backend.poll(0);
        EXPECT_EQ(done(), pairs);
        return first;
    };
    for (int i = 0; i < 8; ++i) in_first_poll(room);
    EXPECT_LE(in_first_poll(room), 4);
    EXPECT_GE(in_first_poll(room), 1);
    for (int i = 0; i < 8; ++i) in_first_poll(1);
    EXPECT_EQ(in_first_poll(1), pairs);
    for (auto& [to, from] : sockets) backend.close(to.release());
}

TEST(OnceEpoll, it_must_be_asked_exactly_while_something_waits) {
    EpollBackend backend;
    auto [a, b] = socket_pair();
    char byte = 0;
    TestOperation op(Opcode::recv, a, &byte, 1);
    EXPECT_FALSE(backend.must_be_asked());
    backend.submit(op);
    EXPECT_TRUE(backend.must_be_asked());
    EXPECT_FALSE(backend.has_news());
    backend.cancel(op);
    EXPECT_TRUE(backend.has_news());
    backend.poll(0);
    EXPECT_FALSE(backend.must_be_asked());
}

}  // namespace

}  // namespace hocket
