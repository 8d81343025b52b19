// SPDX-License-Identifier: MIT
// Cancellation on both real backends, and many operations at once: each completes exactly once, and no data is lost.
#include <hocket/io/operations_test.h>

#include <poll.h>
#include <chrono>
#include <deque>
#include <set>
#include <thread>

namespace hocket {
namespace {
class OnceCancellation : public RealBackendTest {};

INSTANTIATE_TEST_SUITE_P(, OnceCancellation, ::testing::ValuesIn(kinds), name_of);

TEST_P(OnceCancellation, a_cancel_wins_over_an_operation_that_waits) {
    auto [a, b] = socket_pair();
    auto [out, in] = make_pipe();
    Listener l = listen_on_loopback();
    fill_up(b);
    TestOperation ops[] = {{Opcode::recv, a, buffer, 0},
                           {Opcode::read, out, buffer, 1},
                           {Opcode::accept, l.fd},
                           {Opcode::send, b, buffer, 1},
                           poll_for(out, POLLIN)};
    ops[0].fd = b;
    ops[0].size = 1;
    for (TestOperation& op : ops) begin(op);
    for (TestOperation& op : ops) {
        backend->cancel(op);
        EXPECT_EQ(op.completions, 0);
        EXPECT_EQ(result_of(op), -ECANCELED);
    }
    EXPECT_EQ(backend->pending(), 0U);
    ASSERT_EQ(::write(in, "x", 1), 1);
    EXPECT_EQ(run(ops[1]), 1);  // nothing was lost
}

TEST_P(OnceCancellation, cancelling_twice_is_harmless) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, 1);
    begin(op);
    backend->cancel(op);
    backend->cancel(op);
    EXPECT_EQ(result_of(op), -ECANCELED);
    backend->cancel(op);
    for (int i = 0; i < 3; ++i) backend->poll(0);
    EXPECT_EQ(op.completions, 1);
}

TEST_P(OnceCancellation, an_operation_that_was_not_handed_over_can_be_cancelled) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, 1);
    backend->submit(op);
    backend->cancel(op);
    EXPECT_EQ(result_of(op), -ECANCELED);
    EXPECT_EQ(backend->pending(), 0U);
}

TEST_P(OnceCancellation, a_cancel_that_comes_too_late_loses_no_data) {
    auto [a, b] = socket_pair();
    ASSERT_EQ(::write(b, "data", 4), 4);
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    backend->submit(op);
    backend->cancel(op);
    EXPECT_EQ(result_of(op), 4);
}

TEST_P(OnceCancellation, data_and_cancel_at_once_lose_no_data) {
    auto [a, b] = socket_pair();
    for (int i = 0; i < 300; ++i) {
        TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
        begin(op);
        ASSERT_EQ(::write(b, "x", 1), 1);
        backend->cancel(op);
        const int result = result_of(op);
        if (result == -ECANCELED) {
            TestOperation next(Opcode::recv, a, buffer, sizeof buffer);
            EXPECT_EQ(run(next), 1);
        } else {
            EXPECT_EQ(result, 1);
        }
    }
    EXPECT_EQ(backend->pending(), 0U);
}

TEST_P(OnceCancellation, reads_that_are_cancelled_while_another_thread_writes_lose_no_data) {
    for (const int flags : {O_NONBLOCK, 0}) {
        auto [out, in] = make_pipe(flags);
        constexpr int count = 2'000;
        std::thread writer([&to = in] {
            for (int i = 0; i < count; ++i) {
                ASSERT_EQ(::write(to, "x", 1), 1);
                std::this_thread::sleep_for(std::chrono::microseconds(i % 10));
            }
        });
        int received = 0;
        for (int i = 0; received < count; ++i) {
            TestOperation op(Opcode::read, out, buffer, sizeof buffer);
            backend->submit(op);
            for (int turn = 0; turn < i % 3; ++turn) backend->poll(0);
            backend->cancel(op);
            const int result = op.completions == 1 ? op.result : result_of(op);
            if (result != -ECANCELED) {
                ASSERT_GT(result, 0);
                received += result;
            }
        }
        writer.join();
        EXPECT_EQ(received, count);
        backend->close(out.release());
    }
}

TEST_P(OnceCancellation, an_operation_that_was_cancelled_can_be_reused_at_once) {
    auto [a, b] = socket_pair();
    static SystemBackend* current;
    static int again;
    current = backend.get();
    again = 100;
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    op.completed = [](Operation& done) noexcept {
        ++static_cast<TestOperation&>(done).completions;
        if (again-- > 0) {
            current->submit(done);
            if (again > 0) current->cancel(done);
        }
    };
    backend->submit(op);
    backend->cancel(op);
    const std::int64_t limit = backend->now() + 10 * second;
    while (op.completions < 100 && backend->now() < limit) backend->poll(limit);
    backend->poll(0);
    EXPECT_EQ(op.completions, 100);  // the last was not cancelled, and no old cancel reached it
    ASSERT_EQ(::write(b, "x", 1), 1);
    EXPECT_EQ(result_of(op), 1);
}

TEST_P(OnceCancellation, an_operation_may_be_freed_when_it_completes) {
    auto [a, b] = socket_pair();
    static int freed;
    freed = 0;
    for (int i = 0; i < 50; ++i) {
        auto* op = new TestOperation(Opcode::recv, a, buffer, sizeof buffer);
        op->completed = [](Operation& done) noexcept {
            delete static_cast<TestOperation*>(&done);
            ++freed;
        };
        backend->submit(*op);
        if (i % 2 == 0) backend->poll(0);
        backend->cancel(*op);
    }
    const std::int64_t limit = backend->now() + 10 * second;
    while (backend->pending() > 0 && backend->now() < limit) backend->poll(limit);
    for (int i = 0; i < 3; ++i) backend->poll(0);  // what is left of the cancels
    EXPECT_EQ(freed, 50);
}

TEST_P(OnceCancellation, a_blocking_pipe_that_is_read_can_be_cancelled) {
    auto [out, in] = make_pipe(0);
    for (int i = 0; i < 100; ++i) {
        TestOperation op(Opcode::read, out, buffer, 1);
        backend->submit(op);
        if (i % 2 == 0) backend->poll(0);
        backend->cancel(op);
        ASSERT_EQ(result_of(op), -ECANCELED);
    }
}

TEST_P(OnceCancellation, a_cancelled_connect_that_gets_no_answer_completes) {
    Listener l = listen_on_loopback();
    ASSERT_EQ(backend->listen(l.fd, 0), 0);
    std::deque<Descriptor> clients;
    std::deque<TestOperation> connects;
    for (int i = 0; i < 8; ++i) {  // the backlog is full after the first ones
        clients.emplace_back(backend->socket(AF_INET, SOCK_STREAM, 0));
        connects.push_back(connect_to(clients.back(), l.address));
        backend->submit(connects.back());
    }
    for (int i = 0; i < 8; ++i) backend->poll(0);
    EXPECT_EQ(connects.back().completions, 0);
    for (TestOperation& op : connects) backend->cancel(op);
    const std::int64_t limit = backend->now() + 10 * second;
    while (backend->pending() > 0 && backend->now() < limit) backend->poll(limit);
    EXPECT_EQ(connects.back().result, -ECANCELED);
    for (TestOperation& op : connects) EXPECT_EQ(op.completions, 1);
}

// ---- many

TEST_P(OnceCancellation, a_thousand_operations_complete_once_each) {
    auto [a, b] = socket_pair(SOCK_DGRAM);
    struct One : TestOperation {
        int received = -1;
    };
    std::deque<One> ops(1000);
    for (One& op : ops) {
        op.code = Opcode::recv;
        op.fd = a;
        op.data = &op.received;
        op.size = sizeof op.received;
        backend->submit(op);
    }
    backend->poll(0);
    EXPECT_EQ(backend->pending(), 1000U);
    for (std::size_t i = 0; i < ops.size(); i += 3) backend->cancel(ops[i]);
    const std::int64_t limit = backend->now() + 20 * second;
    while (backend->pending() > 666 && backend->now() < limit) backend->poll(limit);
    EXPECT_EQ(backend->pending(), 666U);
    for (int i = 0; i < 666; ++i) {
        TestOperation send(Opcode::send, b, &i, sizeof i);
        ASSERT_EQ(run(send), static_cast<int>(sizeof i));
    }
    while (backend->pending() > 0 && backend->now() < limit) backend->poll(limit);
    std::set<int> received;
    for (std::size_t i = 0; i < ops.size(); ++i) {
        EXPECT_EQ(ops[i].completions, 1);
        EXPECT_EQ(ops[i].result, i % 3 == 0 ? -ECANCELED : static_cast<int>(sizeof(int)));
        if (i % 3 != 0) received.insert(ops[i].received);
    }
    EXPECT_EQ(received.size(), 666U);
    EXPECT_FALSE(backend->must_be_asked());
}

TEST_P(OnceCancellation, a_thousand_that_are_ready_complete_once_each) {
    Descriptor zero(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    std::deque<TestOperation> ops;
    for (int i = 0; i < 1000; ++i) {
        ops.emplace_back(Opcode::read, zero, buffer, 1);
        backend->submit(ops.back());
    }
    const std::int64_t limit = backend->now() + 20 * second;
    while (backend->pending() > 0 && backend->now() < limit) backend->poll(limit);
    for (const TestOperation& op : ops) EXPECT_EQ(op.completions, 1);
}

TEST_P(OnceCancellation, what_completions_submit_does_not_starve_others) {
    Descriptor zero(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    auto [a, b] = socket_pair();
    TestOperation patient(Opcode::recv, a, buffer, 1);
    begin(patient);
    static SystemBackend* current;
    current = backend.get();
    TestOperation greedy(Opcode::read, zero, buffer, 1);
    greedy.completed = [](Operation& op) noexcept {
        if (++static_cast<TestOperation&>(op).completions < 1000) current->submit(op);
    };
    backend->submit(greedy);
    ASSERT_EQ(::write(b, "x", 1), 1);
    while (patient.completions == 0 && greedy.completions < 1000) backend->poll(0);
    EXPECT_LT(greedy.completions, 100);
    while (greedy.completions < 1000) backend->poll(0);
    EXPECT_EQ(backend->pending(), 0U);
}

TEST_P(OnceCancellation, a_completion_may_poll) {
    auto [a, b] = socket_pair();
    static SystemBackend* current;
    static TestOperation* inner;
    current = backend.get();
    TestOperation second_op(Opcode::recv, a, buffer, 1);
    inner = &second_op;
    TestOperation outer(Opcode::recv, b, buffer, 1);
    outer.completed = [](Operation& op) noexcept {
        ++static_cast<TestOperation&>(op).completions;
        while (inner->completions == 0) current->poll(current->now() + second);
    };
    ASSERT_EQ(::write(a, "x", 1), 1);
    ASSERT_EQ(::write(b, "x", 1), 1);
    backend->submit(outer);
    backend->submit(second_op);
    EXPECT_EQ(result_of(outer), 1);
    EXPECT_EQ(second_op.completions, 1);
}

}  // namespace

}  // namespace hocket
