// SPDX-License-Identifier: MIT
// Barriers that are reset or aborted: while they fill, while they drain, and by whom.
#include <hocket/sync/barrier.h>

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <hocket/sync/barrier_test.h>
#include <tests/support/trace.h>

#include <cstddef>

namespace hocket {
namespace {

using testing::all;
using testing::ending_of;
using testing::is_idle;
using testing::pass;
using testing::passers;
using testing::Trace;
using testing::turns;

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
        EXPECT_TRUE(is_idle(barrier));
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
        EXPECT_TRUE(is_idle(barrier));
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
        EXPECT_TRUE(is_idle(barrier));
    };
    run(main());
}

TEST(Barrier, reset_while_it_drains_turns_nobody_away_who_waits_for_the_next_round) {
    auto main = []() -> Coro<> {
        Barrier barrier(5);
        int passed = 0, broken = 0, broken_again = 0;
        co_await all(5, [&]() -> Coro<> {
            try {
                co_await barrier.wait();
                if (++passed == 3) barrier.reset();  // two wait for the next round already, two have not left
            } catch (const BrokenBarrierError&) {
                ++broken;
            }
            try {
                co_await barrier.wait();
            } catch (const BrokenBarrierError&) {
                ++broken_again;
            }
        });
        EXPECT_EQ(broken, 2);
        EXPECT_EQ(broken_again, 0);
        EXPECT_TRUE(is_idle(barrier));
    };
    run(main());
}

TEST(Barrier, reset_by_the_last_to_leave_turns_nobody_away) {
    auto main = []() -> Coro<> {
        Barrier barrier(5);
        int left = 0;
        Trace trace;
        co_await all(5, [&]() -> Coro<> {
            co_await barrier.wait();
            if (++left == 5) barrier.reset();
            co_await pass(barrier, trace);  // the other four wait for the next round already
            co_await barrier.wait();
        });
        EXPECT_EQ(trace.taken(), "4 0 1 2 3");  // who comes last does not suspend
        EXPECT_TRUE(is_idle(barrier));
    };
    run(main());
}

TEST(Barrier, who_is_turned_away_by_a_reset_can_wait_again_at_once) {
    auto main = []() -> Coro<> {
        Barrier barrier(5);
        int broken = 0, passed = 0;
        auto twice = [&]() -> Coro<> {
            try {
                co_await barrier.wait();
            } catch (const BrokenBarrierError&) {
                ++broken;
            }
            co_await barrier.wait();
            ++passed;
        };
        const Task<> four = create_task(all(4, twice));
        co_await turns(2);
        EXPECT_EQ(barrier.n_waiting(), 4u);
        barrier.reset();
        co_await hocket::sleep(0);
        EXPECT_EQ(broken, 4);
        co_await barrier.scoped();
        co_await four;
        EXPECT_EQ(passed, 4);
        EXPECT_TRUE(is_idle(barrier));
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
        EXPECT_EQ(barrier.n_waiting(), 0u);
    };
    run(main());
}

TEST(Barrier, a_task_that_fails_can_abort_it_for_the_others) {
    auto main = []() -> Coro<> {
        Barrier barrier(5);
        int passed = 0, turned_away = 0;
        co_await all(5, [&]() -> Coro<> {
            try {
                const std::size_t position = co_await barrier.scoped();
                if (position == 2) throw ValueError("this one fails");
                co_await barrier.scoped();
                ++passed;
            } catch (const BrokenBarrierError&) {
                ++turned_away;
            } catch (const ValueError&) {
                barrier.abort();
            }
        });
        EXPECT_TRUE(barrier.broken());
        EXPECT_EQ(passed, 0);
        EXPECT_EQ(turned_away, 4);
        EXPECT_EQ(barrier.n_waiting(), 0u);
    };
    run(main());
}

TEST(Barrier, aborted_and_then_reset_it_serves_the_same_tasks_again) {
    auto main = []() -> Coro<> {
        Barrier barrier(5), everybody(5);
        int passed = 0, turned_away = 0, passed_again = 0;
        co_await all(5, [&]() -> Coro<> {
            try {
                if (co_await barrier.wait() == 2) throw ValueError("this one fails");
                co_await barrier.wait();
                ++passed;
            } catch (const BrokenBarrierError&) {
                ++turned_away;
            } catch (const ValueError&) {
                barrier.abort();
            }
            // All have left it before it is reset, and nobody comes before that.
            const std::size_t position = co_await everybody.wait();
            if (position == 2) barrier.reset();
            co_await everybody.wait();
            co_await barrier.wait();
            ++passed_again;
        });
        EXPECT_EQ(passed, 0);
        EXPECT_EQ(turned_away, 4);
        EXPECT_EQ(passed_again, 5);
        EXPECT_TRUE(is_idle(barrier));
    };
    run(main());
}

}  // namespace
}  // namespace hocket
