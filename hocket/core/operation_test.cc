// SPDX-License-Identifier: MIT
// Operations and their cancellation: nothing that took effect is lost, and no memory goes while the system holds it.
#include <hocket/core/operation.h>

#include <hocket/io/runner.h>

#include <tests/support/manual_backend.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::ending_of;
using testing::ManualBackend;
using testing::Trace;

class OncePendingOperation : public ::testing::Test {
protected:
    // Reads once and notes the result or what is thrown; then waits once more and notes that.
    Coro<> read_and_wait(Census::Member = Census::Member(unused())) {
        try {
            trace.note(co_await PendingOperation(Opcode::read, 3));
        } catch (const CancelledError& e) {
            trace.note("cancelled" + std::string(e.message()));
        }
        trace.note(co_await ending_of(hocket::sleep(0)));
    }
    static Census& unused() {
        static Census census;
        return census;
    }
    void iterate(int n = 1) {
        for (; n > 0; --n) loop.run_once(0s);
    }

    Trace trace;
    ManualBackend* backend = new ManualBackend;
    EventLoop loop{Unique<Backend>(backend)};
};

TEST_F(OncePendingOperation, gives_the_result) {
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    EXPECT_EQ(backend->in_flight.size(), 1U);
    backend->complete(5);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "5 nothing");
}

TEST_F(OncePendingOperation, gives_an_error_as_a_negative_result) {
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    backend->complete(-EPIPE);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), std::to_string(-EPIPE) + " nothing");
}

TEST_F(OncePendingOperation, never_completes_inline) {
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    backend->complete(5);
    EXPECT_EQ(trace.taken(), "");
    iterate();
    EXPECT_EQ(trace.taken(), "5");
    loop.run_until_complete(task);
}

TEST_F(OncePendingOperation, cancelled_waits_for_the_completion) {
    Census census;
    backend->on_cancel = [](Operation&) {};
    const auto task = loop.create_task(read_and_wait(census.member()), {});
    iterate();
    EXPECT_TRUE(task.cancel("!"));
    iterate(5);
    EXPECT_EQ(trace.taken(), "");
    EXPECT_EQ(census.alive(), 1);  // the frame, and what the system may write into, is there
    backend->complete(-ECANCELED);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "cancelled! nothing");
}

TEST_F(OncePendingOperation, that_took_effect_before_the_cancel_gives_its_result_and_the_next_wait_is_cancelled) {
    backend->on_cancel = [](Operation&) {};
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    task.cancel("!");
    backend->complete(9);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "9 hocket::CancelledError: !");
}

TEST_F(OncePendingOperation, with_nothing_done_is_no_effect_but_zero_bytes_are) {
    backend->on_cancel = [this](Operation& op) { backend->complete(op, 0); };
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    task.cancel();
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "0 hocket::CancelledError");
}

TEST_F(OncePendingOperation, that_failed_otherwise_after_a_cancel_is_cancelled) {
    backend->on_cancel = [this](Operation& op) { backend->complete(op, -ECONNRESET); };
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    task.cancel();
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "cancelled nothing");
}

TEST_F(OncePendingOperation, a_cancel_between_completion_and_resumption_comes_at_the_next_wait) {
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    loop.call_soon(
        [&] { task.cancel("!"); });  // runs before the task, which the completion makes ready in the same iteration
    backend->complete(4);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "4 hocket::CancelledError: !");
    EXPECT_EQ(backend->cancels, 0);
}

TEST_F(OncePendingOperation, a_cancel_between_failure_and_resumption_wins) {
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    loop.call_soon([&] { task.cancel(); });
    backend->complete(-EIO);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "cancelled nothing");
}

TEST_F(OncePendingOperation, cancelled_twice_throws_once) {
    backend->on_cancel = [](Operation&) {};
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    task.cancel();
    task.cancel();
    EXPECT_EQ(task.cancelling(), 2U);
    backend->complete(-ECANCELED);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "cancelled nothing");
}

TEST_F(OncePendingOperation, is_not_begun_by_a_task_that_is_to_be_cancelled) {
    Task<> task;
    task = loop.create_task(
        [](Task<>& self, Coro<> then) -> Coro<> {
            self.cancel("early");
            co_await std::move(then);
        }(task, read_and_wait()),
        {});
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "cancelledearly nothing");
    EXPECT_TRUE(backend->in_flight.empty());
}

TEST_F(OncePendingOperation, a_withdrawn_cancel_that_reached_the_operation_still_ends_it) {
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    task.cancel();
    EXPECT_EQ(task.uncancel(), 0U);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "cancelled nothing");
}

TEST_F(OncePendingOperation, whose_effect_beat_a_cancel_that_was_withdrawn_then_disturbs_nothing) {
    backend->on_cancel = [](Operation&) {};
    const auto task = loop.create_task(read_and_wait(), {});
    iterate();
    task.cancel();
    loop.call_soon([&] { task.uncancel(); });  // after the completion, before the task goes on
    backend->complete(2);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), "2 nothing");
}

TEST_F(OncePendingOperation, may_be_one_of_many_that_end_in_any_order) {
    const auto a = loop.create_task(read_and_wait(), {}), b = loop.create_task(read_and_wait(), {});
    iterate();
    backend->complete(*backend->in_flight[1], 2);
    iterate();
    b.cancel();
    backend->complete(1);
    loop.run_until_complete(a);
    EXPECT_EQ(trace.taken(), "2 hocket::CancelledError 1 nothing");
}

TEST_F(OncePendingOperation, may_be_awaited_again_and_has_forgotten_the_cancel) {
    const auto task = loop.create_task(
        [](Trace& seen) -> Coro<> {
            PendingOperation read(Opcode::read, 3);
            for (int i = 0; i < 2; ++i) {
                try {
                    seen.note(co_await std::move(read));
                } catch (const CancelledError&) {
                    seen.note("cancelled");
                }
            }
        }(trace),
        {});
    iterate();
    task.cancel();
    iterate(3);
    EXPECT_EQ(trace.taken(), "cancelled");
    backend->complete(-EIO);
    loop.run_until_complete(task);
    EXPECT_EQ(trace.taken(), std::to_string(-EIO));
}

TEST_F(OncePendingOperation, that_made_a_descriptor_which_nobody_takes_closes_it) {
    const auto accept = []() -> Coro<int> { co_return co_await PendingOperation(Opcode::accept, 3); };
    const auto taken = loop.create_task(accept(), {}), ready = loop.create_task(accept(), {}),
               waiting = loop.create_task(accept(), {}), failed = loop.create_task(accept(), {});
    iterate();
    backend->complete(11);
    EXPECT_EQ(loop.run_until_complete(taken), 11);
    const testing::Reports reports;
    backend->complete(12);
    backend->poll(0);
    const std::vector<Operation*> left = backend->in_flight;
    backend->on_cancel = [&](Operation& op) { backend->complete(op, &op == left[0] ? 13 : -EIO); };
    loop.close();
    std::vector<int> closed = backend->closed;
    std::sort(closed.begin(), closed.end());
    EXPECT_EQ(closed, (std::vector<int>{12, 13}));
}

}  // namespace
}  // namespace hocket
