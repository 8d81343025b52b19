// SPDX-License-Identifier: MIT
// Barriers: rounds, positions, cancels, and what is left of one that is gone.
#include <hocket/sync/barrier.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <hocket/sync/barrier_test.h>
#include <tests/support/trace.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace hocket {
namespace {

using testing::all;
using testing::ending_of;
using testing::is_idle;
using testing::pass;
using testing::passers;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;
using testing::turns;

TEST(OnceBarrier, needs_at_least_one_party) {
    EXPECT_EQ(thrown_by([] { const Barrier b(0); }), "hocket::ValueError: parties must be > 0");
    EXPECT_EQ(thrown_by([] { const Barrier b(-4); }), "hocket::ValueError: parties must be > 0");
    EXPECT_EQ(Barrier(5).parties(), 5u);
}

TEST(Barrier, tasks_wait_until_all_are_there_and_get_their_position) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        Trace trace;
        const Task<> first = create_task(pass(barrier, trace));
        co_await hocket::sleep(0);
        EXPECT_EQ(barrier.n_waiting(), 1u);
        const Task<> second = create_task(pass(barrier, trace));
        co_await turns(3);
        EXPECT_EQ(barrier.n_waiting(), 2u);
        EXPECT_EQ(trace.taken(), "");
        EXPECT_EQ(co_await barrier.wait(), 2u);
        EXPECT_EQ(barrier.n_waiting(), 0u);
        co_await first;
        co_await second;
        EXPECT_EQ(trace.taken(), "0 1");
        EXPECT_TRUE(is_idle(barrier));
    };
    run(main());
}

TEST(Barrier, the_last_to_arrive_does_not_suspend) {
    auto main = []() -> Coro<> {
        Barrier barrier(1);
        Trace trace;
        const Task<> other = create_task([&]() -> Coro<> {
            trace.note("other");
            co_return;
        });
        EXPECT_EQ(co_await barrier.wait(), 0u);
        EXPECT_TRUE(is_idle(barrier));
        EXPECT_EQ(co_await barrier.scoped(), 0u);
        EXPECT_TRUE(is_idle(barrier));
        EXPECT_EQ(trace.taken(), "");
        co_await other;
    };
    run(main());
}

TEST(Barrier, of_one_party_lets_each_task_pass_in_its_first_step) {
    auto main = []() -> Coro<> {
        Barrier barrier(1);
        for (int i = 0; i < 2; ++i) {
            const Task<std::size_t> task = create_task(barrier.wait());
            co_await hocket::sleep(0);
            EXPECT_EQ(task.result(), 0u);
            EXPECT_TRUE(is_idle(barrier));
        }
    };
    run(main());
}

TEST(Barrier, scoped_gives_each_task_its_position) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        std::vector<std::size_t> positions;
        co_await all(3, [&]() -> Coro<> {
            const std::size_t position = co_await barrier.scoped();
            positions.push_back(position);
        });
        std::sort(positions.begin(), positions.end());
        EXPECT_EQ(positions, (std::vector<std::size_t>{0, 1, 2}));
        EXPECT_TRUE(is_idle(barrier));
    };
    run(main());
}

TEST(Barrier, serves_one_round_after_the_other) {
    auto main = []() -> Coro<> {
        Barrier barrier(5);
        int first = 0;
        std::vector<std::size_t> positions;
        co_await all(5, [&]() -> Coro<> {
            co_await barrier.scoped();
            EXPECT_EQ(positions.size(), 0u);
            ++first;
            const std::size_t position = co_await barrier.scoped();
            EXPECT_EQ(first, 5);
            positions.push_back(position);
        });
        std::sort(positions.begin(), positions.end());
        EXPECT_EQ(positions, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
        EXPECT_TRUE(is_idle(barrier));
    };
    run(main());
}

// 64
TEST(Barrier, drains_until_the_last_of_the_round_has_left) {
    auto main = []() -> Coro<> {
        Barrier barrier(5);
        Trace trace, newcomers;
        std::vector<Task<>> tasks;
        co_await all(5, [&]() -> Coro<> {
            co_await barrier.wait();
            tasks.push_back(create_task(pass(barrier, newcomers), {.eager_start = true}));
            trace.note(barrier.n_waiting());
        });
        EXPECT_EQ(trace.taken(), "0 0 0 0 1");  // only the fifth newcomer is let in at once
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(newcomers.taken(), "4 0 1 2 3");
        EXPECT_TRUE(is_idle(barrier));
    };
    run(main());
}

// 64
TEST(Barrier, who_comes_while_it_drains_waits_until_it_has) {
    auto main = []() -> Coro<> {
        Barrier barrier(2);
        Trace trace;
        const Task<> first = create_task(pass(barrier, trace));
        co_await hocket::sleep(0);
        co_await barrier.wait();  // the first is woken, and has not left
        const Task<> again = create_task(pass(barrier, trace));
        auto blocked = create_task([&]() -> Coro<std::size_t> { co_return co_await barrier.wait(); });
        EXPECT_EQ(barrier.n_waiting(), 0u);
        co_await first;
        co_await again;
        EXPECT_EQ(co_await blocked, 1u);
        EXPECT_EQ(trace.taken(), "0 0");
    };
    run(main());
}

// 64
TEST(Barrier, arrivals_during_the_drain_belong_to_the_next_round) {
    auto main = []() -> Coro<> {
        Barrier barrier(5), others(3);
        int again = 2;
        co_await all(5, [&]() -> Coro<> {
            co_await barrier.wait();
            if (again > 0) {
                --again;
            } else {
                co_await others.wait();  // hangs unless exactly three come here
            }
            co_await barrier.wait();
        });
        EXPECT_FALSE(barrier.broken());
    };
    run(main());
}

// 64
TEST(Barrier, cancelling_one_that_waits_does_not_break_it) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        Trace trace;
        auto tasks = passers(2, barrier, trace);
        co_await hocket::sleep(0);
        tasks[0].cancel();
        co_await hocket::sleep(0);
        EXPECT_EQ(barrier.n_waiting(), 1u);
        EXPECT_FALSE(barrier.broken());
        EXPECT_TRUE(tasks[0].cancelled());
        EXPECT_EQ(co_await ending_of(tasks[0]), "hocket::CancelledError");
        auto more = passers(1, barrier, trace);
        co_await hocket::sleep(0);
        EXPECT_EQ(barrier.n_waiting(), 2u);
        more.push_back(passers(1, barrier, trace).front());
        for (const Task<>& t : more) co_await t;
        co_await tasks[1];
        EXPECT_TRUE(is_idle(barrier));
        EXPECT_EQ(trace.taken(), "2 1 1");  // positions are those at the arrival
    };
    run(main());
}

TEST(Barrier, one_that_is_cancelled_while_it_drains_leaves_and_the_others_pass) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        Trace trace;
        auto tasks = passers(2, barrier, trace);
        co_await hocket::sleep(0);
        co_await barrier.wait();
        tasks[0].cancel();
        co_await tasks[1];
        EXPECT_EQ(trace.taken(), "1");
        EXPECT_TRUE(tasks[0].cancelled());
        tasks = passers(3, barrier, trace);
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(trace.taken(), "2 0 1");
    };
    run(main());
}

TEST(Barrier, a_round_that_is_complete_passes_though_the_barrier_is_destroyed) {
    auto main = []() -> Coro<> {
        auto barrier = std::make_unique<Barrier>(3);
        Trace trace;
        auto tasks = passers(2, *barrier, trace);
        co_await hocket::sleep(0);
        co_await barrier->wait();
        barrier.reset();
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(trace.taken(), "0 1");
    };
    run(main());
}

TEST(Barrier, destroyed_it_wakes_the_tasks_that_wait_with_an_error) {
    auto main = []() -> Coro<> {
        auto barrier = std::make_unique<Barrier>(3);
        auto waiter = create_task(barrier->wait());
        auto cancelled = create_task(barrier->wait());
        co_await hocket::sleep(0);
        cancelled.cancel();
        barrier.reset();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::RuntimeError: Barrier was destroyed while 1 task waited for it");
        EXPECT_EQ(co_await ending_of(cancelled), "hocket::CancelledError");
    };
    run(main());
}

TEST(Barrier, destroyed_after_an_abort_it_is_broken_to_those_that_have_not_run) {
    auto main = []() -> Coro<> {
        auto barrier = std::make_unique<Barrier>(2);
        auto waiter = create_task(barrier->wait());
        co_await hocket::sleep(0);
        barrier->abort();
        barrier.reset();
        EXPECT_EQ(co_await ending_of(waiter), "hocket::BrokenBarrierError: Abort or reset of barrier");
    };
    run(main());
}

TEST(Barrier, tasks_that_wait_when_the_run_ends_are_cancelled_quietly) {
    Trace trace;
    Reports reports;
    auto main = [&]() -> Coro<> {
        Barrier barrier(2);
        create_task(pass(barrier, trace));
        co_await hocket::sleep(0);
    };
    run(main());
    EXPECT_EQ(trace.taken(), "");
    EXPECT_EQ(reports.taken(), "");
}

// 65
TEST(OnceBarrier, belongs_to_the_loop_of_the_first_task_that_waits) {
    Barrier barrier(2);
    auto main = [&]() -> Coro<> {
        Trace trace;
        const Task<> first = create_task(pass(barrier, trace));
        co_await hocket::sleep(0);
        co_await barrier.wait();
        co_await first;
    };
    run(main());
    const Reports reports;
    EXPECT_EQ(thrown_by([&] { run(main()); }), "hocket::RuntimeError: Barrier is bound to a different event loop");
}

TEST(Barrier, says_how_many_have_arrived) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        Trace trace;
        auto tasks = passers(2, barrier, trace);
        co_await hocket::sleep(0);
        EXPECT_EQ(capture_call_graph(*tasks[0].state()).state, "waits for Barrier, 2 of 3 arrived");
        co_await barrier.wait();
        Task<> eager = create_task(pass(barrier, trace), {.eager_start = true});
        EXPECT_EQ(capture_call_graph(*eager.state()).state, "waits for Barrier, 2 have to leave first");
        for (const Task<>& t : tasks) co_await t;
        eager.cancel();
    };
    run(main());
}

}  // namespace
}  // namespace hocket
