// SPDX-License-Identifier: MIT
// Borrowed descriptors: their owner closes them, and opens others under the same numbers, without the backend's knowing.
#include <hocket/io/operations_test.h>

#include <poll.h>

namespace hocket {
namespace {

class OnceBorrowed : public RealBackendTest {
protected:
    static TestOperation borrow(TestOperation op) {
        op.borrowed = true;
        return op;
    }
    /// Whether the backend has nothing to do, so that a poll would sleep.
    bool is_quiet() {
        pollfd waiting{.fd = backend->fileno(), .events = POLLIN, .revents = 0};
        for (int i = 0; i < 3; ++i) backend->poll(0);
        return ::poll(&waiting, 1, 0) == 0;
    }
};

INSTANTIATE_TEST_SUITE_P(, OnceBorrowed, ::testing::ValuesIn(kinds), name_of);

TEST_P(OnceBorrowed, another_under_its_number_is_waited_for) {
    for (const bool cancelled : {false, true}) {
        auto [a, b] = socket_pair();
        TestOperation recv = borrow({Opcode::recv, a, buffer, sizeof buffer});
        begin(recv);
        if (cancelled) {
            backend->cancel(recv);
            EXPECT_EQ(result_of(recv), -ECANCELED);
        } else {
            ASSERT_EQ(::write(b, "few", 3), 3);
            EXPECT_EQ(result_of(recv), 3);
        }
        auto [c, d] = socket_pair();
        ASSERT_EQ(dup2(c, a), static_cast<int>(a));
        begin(recv);
        ASSERT_EQ(::write(d, "more", 4), 4);
        EXPECT_EQ(result_of(recv), 4);
    }
}

TEST_P(OnceBorrowed, one_that_blocks_may_follow_one_that_does_not) {
    auto [out, in] = make_pipe();
    ASSERT_EQ(::write(in, "x", 1), 1);
    TestOperation read = borrow({Opcode::read, out, buffer, 1});
    EXPECT_EQ(run(read), 1);
    auto [other_out, other_in] = make_pipe(0);
    ASSERT_EQ(dup2(other_out, out), static_cast<int>(out));
    begin(read);
    ASSERT_EQ(::write(other_in, "y", 1), 1);
    EXPECT_EQ(result_of(read), 1);
}

TEST_P(OnceBorrowed, what_a_borrowed_one_accepts_is_not_kept_in_mind_either) {
    Listener l = listen_on_loopback();
    Descriptor client(backend->socket(AF_INET, SOCK_STREAM, 0));
    TestOperation connect = connect_to(client, l.address);
    ASSERT_EQ(run(connect), 0);
    TestOperation accept = borrow({Opcode::accept, l.fd});
    Descriptor accepted(run(accept));
    ASSERT_GE(accepted, 0);
    auto [out, in] = make_pipe(0);  // blocks, which what is accepted does not
    ASSERT_EQ(dup2(out, accepted), static_cast<int>(accepted));
    TestOperation read(Opcode::read, accepted, buffer, 1);
    begin(read);
    ASSERT_EQ(::write(in, "y", 1), 1);
    EXPECT_EQ(result_of(read), 1);
    backend->close(accepted.release());
}

TEST_P(OnceBorrowed, a_duplicate_that_stays_open_keeps_nobody_awake) {
    for (const bool cancelled : {false, true}) {
        auto [a, b] = socket_pair();
        const Descriptor duplicate(dup(a));
        TestOperation recv = borrow({Opcode::recv, a, buffer, 1});
        TestOperation poll = borrow(poll_for(a, POLLIN));
        begin(recv);
        begin(poll);
        if (cancelled) {
            backend->cancel(recv);
            backend->cancel(poll);
            EXPECT_EQ(result_of(recv), -ECANCELED);
            if (poll.completions == 0) result_of(poll);
        } else {
            ASSERT_EQ(::write(b, "xy", 2), 2);
            EXPECT_EQ(result_of(recv), 1);
            if (poll.completions == 0) result_of(poll);
        }
        a.close();
        ASSERT_EQ(::write(b, "z", 1), 1);  // the duplicate is readable
        EXPECT_TRUE(is_quiet());
    }
}

TEST_P(OnceBorrowed, reader_and_writer_do_not_forget_it_for_each_other) {
    auto [a, b] = socket_pair();
    fill_up(a);
    char byte = 'x';
    TestOperation recv = borrow({Opcode::recv, a, buffer, 1});
    TestOperation send = borrow({Opcode::send, a, &byte, 1});
    begin(recv);
    begin(send);
    ASSERT_EQ(::write(b, "y", 1), 1);
    EXPECT_EQ(result_of(recv), 1);
    char drained[65536];
    while (::read(b, drained, sizeof drained) > 0) {
    }
    EXPECT_EQ(result_of(send), 1);
}

}  // namespace
}  // namespace hocket
