// SPDX-License-Identifier: MIT
// What only the epoll backend promises.
#include <hocket/io/operations_test.h>

#include <poll.h>

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
