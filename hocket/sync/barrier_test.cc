// SPDX-License-Identifier: MIT
// Barriers: rounds, positions, cancels, reset and abort.
#include <hocket/sync/barrier.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::ending_of;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;
using testing::turns;

Coro<> pass(Barrier& barrier, Trace& trace) {
    try {
        trace.note(static_cast<long long>(co_await barrier.wait()));
    } catch (const BrokenBarrierError&) {
        trace.note("broken");
    }
}

std::vector<Task<>> passers(int n, Barrier& barrier, Trace& trace) {
    std::vector<Task<>> tasks;
    for (; n > 0; --n) tasks.push_back(create_task(pass(barrier, trace)));
    return tasks;
}

template <class F>
Coro<> all(int n, F f) {
    std::vector<Task<>> tasks;
    for (; n > 0; --n) tasks.push_back(create_task(f()));
    for (const Task<>& t : tasks) co_await t;
}

TEST(OnceBarrier, needs_at_least_one_party) {
    EXPECT_EQ(thrown_by([] { const Barrier b(0); }), "hocket::ValueError: parties must be > 0");
    EXPECT_EQ(thrown_by([] { const Barrier b(-4); }), "hocket::ValueError: parties must be > 0");
    EXPECT_EQ(Barrier(5).parties(), 5u);
}

TEST(Barrier, tasks_wait_until_all_are_there_and_get_their_position) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        Trace trace;
        auto tasks = passers(2, barrier, trace);
        co_await turns(3);
        EXPECT_EQ(trace.taken(), "");
        EXPECT_EQ(barrier.n_waiting(), 2u);
        EXPECT_EQ(co_await barrier.wait(), 2u);
        EXPECT_EQ(barrier.n_waiting(), 0u);
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(trace.taken(), "0 1");
        EXPECT_FALSE(barrier.broken());
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
        EXPECT_EQ(co_await barrier.scoped(), 0u);
        EXPECT_EQ(trace.taken(), "");
        co_await other;
    };
    run(main());
}

TEST(Barrier, serves_one_round_after_the_other) {
    auto main = []() -> Coro<> {
        Barrier barrier(5);
        int first = 0, second = 0;
        std::size_t positions = 0;
        co_await all(5, [&]() -> Coro<> {
            co_await barrier.wait();
            EXPECT_EQ(second, 0);
            ++first;
            positions += co_await barrier.wait();
            EXPECT_EQ(first, 5);
            ++second;
        });
        EXPECT_EQ(second, 5);
        EXPECT_EQ(positions, 0u + 1 + 2 + 3 + 4);
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
        auto more = passers(2, barrier, trace);
        for (const Task<>& t : more) co_await t;
        co_await tasks[1];
        EXPECT_EQ(barrier.n_waiting(), 0u);
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

TEST(Barrier, reset_breaks_off_the_round_and_a_new_one_can_begin) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        Trace trace;
        auto tasks = passers(2, barrier, trace);
        co_await hocket::sleep(0);
        barrier.reset();
        EXPECT_FALSE(barrier.broken());
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(trace.taken(), "broken broken");
        EXPECT_EQ(barrier.n_waiting(), 0u);
        tasks = passers(3, barrier, trace);
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(trace.taken(), "2 0 1");
    };
    run(main());
}

TEST(Barrier, reset_with_nobody_there_changes_nothing) {
    auto main = []() -> Coro<> {
        Barrier barrier(1);
        barrier.reset();
        EXPECT_EQ(co_await barrier.wait(), 0u);
    };
    run(main());
}

TEST(Barrier, reset_while_it_drains_reaches_those_that_have_not_left) {
    auto main = []() -> Coro<> {
        Barrier barrier(5);
        int passed = 0, broken = 0;
        co_await all(5, [&]() -> Coro<> {
            try {
                co_await barrier.wait();
                if (++passed == 3) barrier.reset();
            } catch (const BrokenBarrierError&) {
                ++broken;
            }
        });
        EXPECT_EQ(passed, 3);
        EXPECT_EQ(broken, 2);
        EXPECT_EQ(barrier.n_waiting(), 0u);
        EXPECT_FALSE(barrier.broken());
    };
    run(main());
}

TEST(Barrier, who_comes_during_a_reset_waits_for_its_end_and_then_for_the_others) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        Trace trace;
        auto tasks = passers(2, barrier, trace);
        co_await hocket::sleep(0);
        auto later = passers(3, barrier, trace);
        barrier.reset();
        for (const Task<>& t : later) co_await t;
        EXPECT_EQ(trace.taken(), "broken broken 2 0 1");
    };
    run(main());
}

TEST(Barrier, abort_breaks_it_for_who_waits_and_who_comes_until_reset) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        Trace trace;
        auto tasks = passers(2, barrier, trace);
        co_await hocket::sleep(0);
        barrier.abort();
        EXPECT_TRUE(barrier.broken());
        EXPECT_EQ(barrier.n_waiting(), 0u);
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(trace.taken(), "broken broken");
        EXPECT_EQ(co_await ending_of(barrier.wait()), "hocket::BrokenBarrierError: Barrier aborted");
        barrier.reset();
        EXPECT_FALSE(barrier.broken());
        tasks = passers(3, barrier, trace);
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(trace.taken(), "2 0 1");
    };
    run(main());
}

TEST(Barrier, abort_also_reaches_those_that_wait_for_the_drain) {
    auto main = []() -> Coro<> {
        Barrier barrier(5);
        int undrained = 0, blocked = 0, passed = 0;
        co_await all(5, [&]() -> Coro<> {
            try {
                co_await barrier.wait();
            } catch (const BrokenBarrierError&) {
                ++undrained;
                co_return;
            }
            if (++passed > 2) {
                barrier.abort();
                co_return;
            }
            try {
                co_await barrier.wait();
            } catch (const BrokenBarrierError&) {
                ++blocked;
            }
        });
        EXPECT_TRUE(barrier.broken());
        EXPECT_EQ(undrained, 2);
        EXPECT_EQ(blocked, 2);
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

TEST(Barrier, says_how_many_are_there) {
    auto main = []() -> Coro<> {
        Barrier barrier(3);
        Trace trace;
        auto tasks = passers(2, barrier, trace);
        co_await hocket::sleep(0);
        EXPECT_EQ(capture_call_graph(*tasks[0].state()).state, "waits for Barrier, 2 of 3 there");
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
