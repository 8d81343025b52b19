// SPDX-License-Identifier: MIT
// How a gather ends: failures, cancels, and the order of events, which is asyncio's.
#include <hocket/flow/gather.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/traces_test.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::failing;
using testing::failure_after;
using testing::forever;
using ::testing::HasSubstr;
using testing::noted;
using testing::stubborn;
using testing::ticks;
using testing::Trace;
using testing::turns;
using testing::value_after;
using testing::with_ticks;

// ---- Failures

// 40
TEST(Gather, the_first_exception_comes_through_and_siblings_run_on) {
    Trace trace;
    run([&]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(gather(noted(trace, 3, 1), failing(trace, 1, 2), noted(trace, 0, 4))),
                  "hocket::RuntimeError: 2");
        trace.note("caught");
        co_await turns(5);
    }());
    EXPECT_EQ(trace.taken(), "v4 f2 v1 caught");
}

// 40
TEST(Gather, drops_exceptions_after_the_first) {
    testing::Reports reports;
    run([&]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(gather(failure_after(2, "a"), failure_after(1, "b"), failure_after(6, "c"))),
                  "hocket::RuntimeError: b");
        co_await turns(10);
    }());
    EXPECT_EQ(reports.taken(), "");
}

TEST(Gather, an_exception_that_nobody_awaits_is_reported_once) {
    testing::Reports reports;
    run([&]() -> Coro<> {
        static_cast<void>(gather(failure_after(0, "a"), failure_after(1, "b")));
        co_await turns(5);
    }());
    EXPECT_EQ(reports.count(), 1u);
    EXPECT_THAT(reports.taken(), HasSubstr("RuntimeError: a"));
}

TEST(Gather, frees_results_as_soon_as_it_has_failed) {
    testing::Census census;
    run([&]() -> Coro<> {
        const Future<> never;
        auto both = gather(value_after(0, census.member()), failure_after(2, "b"), never);
        EXPECT_EQ(co_await ending_of(std::move(both)), "hocket::RuntimeError: b");
        EXPECT_EQ(census.alive(), 0);
        never.cancel();
    }());
}

TEST(Gather, settled_gives_exceptions_as_results) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto cancelled = create_task(stubborn(trace, 0, 9));
        cancelled.cancel();
        auto [a, b, c, d] = co_await gather(settle, noted(trace, 2, 1), failing(trace, 0, 2), cancelled, turns(0));
        EXPECT_EQ(*a, 1);
        EXPECT_EQ(b.error(), "hocket::RuntimeError: 2");
        EXPECT_TRUE(c.cancelled());
        EXPECT_TRUE(d.ok());

        std::vector<Coro<int>> coros;
        for (int i = 0; i < 3; ++i) coros.push_back(i == 1 ? failing(trace, 1, i) : noted(trace, 1, i));
        int ok = 0;
        for (const Result<int>& result : co_await gather(settle, std::move(coros))) ok += result.ok();
        EXPECT_EQ(ok, 2);
    }());
}

// ---- Cancels

// 41
TEST(Gather, cancelled_it_cancels_all_and_ends_with_the_first) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto waiting = create_task([&]() -> Coro<> {
            trace.note(co_await ending_of(gather(stubborn(trace, 1, 1), stubborn(trace, 4, 2), noted(trace, 0, 3))));
        });
        co_await turns(3);
        waiting.cancel();
        co_await waiting;
        trace.note("the other goes on");
        co_await turns(5);
    }());
    EXPECT_EQ(trace.taken(), "v3 c1 c2 x1 hocket::CancelledError the other goes on x2");
}

// bpo-32684
TEST(Gather, cancelled_it_is_cancelled_though_every_child_swallows_it) {
    run([]() -> Coro<> {
        const auto swallowing = []() -> Coro<int> {
            try {
                co_await forever();
            } catch (const CancelledError&) {  // on purpose
            }
            co_return 1;
        };
        const auto waiting = create_task([&]() -> Coro<> { co_await gather(swallowing(), swallowing()); });
        co_await turns(2);
        waiting.cancel();
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
        EXPECT_TRUE(waiting.cancelled());
    }());
}

Coro<> fork_join(int depth) {
    if (depth == 0) {
        co_await forever();
    } else {
        co_await gather(fork_join(depth - 1), turns(0));
    }
}

TEST(Gather, a_cancel_goes_through_any_number_of_gathers) {
    run([]() -> Coro<> {
        const auto root = create_task(fork_join(50'000));
        co_await turns(50'010);
        root.cancel();
        EXPECT_EQ(co_await ending_of(root), "hocket::CancelledError");
    }());
}

TEST(Gather, a_cancel_reaches_the_children_in_their_order) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto two = [&](int first) -> Coro<> {
            co_await gather(stubborn(trace, 0, first), stubborn(trace, 0, first + 1));
        };
        const auto all = gather(two(1), stubborn(trace, 0, 3), gather(two(4), stubborn(trace, 0, 6)));
        co_await turns(3);
        all.cancel();
        EXPECT_EQ(co_await ending_of(all), "hocket::CancelledError");
        co_await turns(5);
    }());
    EXPECT_EQ(trace.taken(), "c1 x1 c2 x2 c3 x3 c4 x4 c5 x5 c6 x6");
}

TEST(Gather, one_that_contains_the_task_that_awaits_it_can_be_cancelled) {
    run([]() -> Coro<> {
        Future<> around = nullptr;
        const auto task = create_task([&]() -> Coro<> {
            co_await turns(1);
            co_await around;
        });
        around = gather(std::vector{task});
        co_await turns(3);
        task.cancel("enough");
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: enough");
        EXPECT_EQ(task.cancelling(), 1u);
        EXPECT_EQ(co_await ending_of(around), "hocket::CancelledError: enough");
        around = nullptr;
    }());
}

// Waits for a task by two ways.
Coro<> twice(Task<> task) { co_await gather(task, task); }

TEST(Gather, a_cancel_that_comes_by_two_ways_counts_twice) {
    run([]() -> Coro<> {
        const Task<> last = create_task(forever());
        const Task<> middle = create_task(twice(last));
        const Task<> first = create_task(twice(middle));
        co_await turns(3);
        first.cancel();
        EXPECT_EQ(middle.cancelling(), 2U);
        EXPECT_EQ(last.cancelling(), 4U);
        EXPECT_EQ(co_await ending_of(first), "hocket::CancelledError");
    }());
}

TEST(Gather, ways_that_double_at_each_step_do_not_multiply_a_cancel_without_end) {
    run([]() -> Coro<> {
        Task<> task = create_task(forever());
        for (int i = 0; i < 100; ++i) task = create_task(twice(task));
        co_await turns(101);
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
    }());
}

TEST(Gather, a_circle_of_gathers_ends_when_one_of_them_is_cancelled) {
    run([]() -> Coro<> {
        Future<> first = nullptr, second = nullptr;
        const auto awaits = [](const Future<>& gathered) -> Coro<> {
            co_await turns(1);
            co_await gathered;
        };
        const auto a = create_task(awaits(second)), b = create_task(awaits(first));
        first = gather(std::vector{a});
        second = gather(std::vector{b});
        co_await turns(3);
        first.cancel();
        EXPECT_EQ(co_await ending_of(a), "hocket::CancelledError");
        EXPECT_EQ(co_await ending_of(b), "hocket::CancelledError");
        EXPECT_TRUE(first.done());
        EXPECT_TRUE(second.done());
    }());
}

// 42
TEST(Gather, settled_and_cancelled_it_waits_for_all_and_is_cancelled_still) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto waiting = create_task([&]() -> Coro<> {
            co_await gather(settle, stubborn(trace, 1, 1), stubborn(trace, 4, 2), noted(trace, 0, 3));
            trace.note("not reached");
        });
        co_await turns(3);
        waiting.cancel("enough");
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError: enough");
    }());
    EXPECT_EQ(trace.taken(), "v3 c1 c2 x1 x2");
}

// 43
TEST(Gather, a_cancelled_child_does_not_make_its_awaiter_cancelled) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto child = create_task(stubborn(trace, 0, 1));
        const auto waiting = create_task([&]() -> Coro<> {
            const std::string ending = co_await ending_of(gather(child, noted(trace, 5, 3)));
            trace.note(ending + std::to_string(current_task().cancelling()));
        });
        co_await turns(2);
        child.cancel();
        co_await waiting;
        EXPECT_FALSE(waiting.cancelled());
        co_await turns(5);
    }());
    EXPECT_EQ(trace.taken(), "c1 x1 hocket::CancelledError0 v3");
}

TEST(Gather, its_future_can_be_cancelled) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto both = gather(stubborn(trace, 0, 1), stubborn(trace, 0, 2));
        co_await turns(2);
        EXPECT_TRUE(both.cancel("stop"));
        EXPECT_FALSE(both.done());  // the children have to end first
        EXPECT_EQ(co_await ending_of(both), "hocket::CancelledError: stop");
        EXPECT_FALSE(both.cancelled());  // as in asyncio, it has failed with CancelledError
        EXPECT_FALSE(both.cancel());
    }());
    EXPECT_EQ(trace.taken(), "c1 x1 c2 x2");
}

TEST(Gather, cannot_be_cancelled_once_its_children_are_done) {
    run([]() -> Coro<> {
        const Future<int> future;
        const auto all = gather(future);
        const auto waiting = create_task([&]() -> Coro<int> { co_return std::get<0>(co_await all); });
        co_await turns(1);
        bool took = true;
        future.add_done_callback([&](const Future<int>&) { took = all.cancel(); });
        future.set_result(42);
        EXPECT_EQ(co_await waiting, 42);
        EXPECT_FALSE(took);
    }());
}

TEST(Gather, a_cancel_that_comes_after_its_end_wins_over_the_result) {
    run([]() -> Coro<> {
        const Future<int> future;
        const auto waiting = create_task([&]() -> Coro<> { co_await gather(future); });
        co_await turns(1);
        future.set_result(1);
        co_await turns(1);  // the gather is done, and the waiting task ready
        EXPECT_TRUE(waiting.cancel());
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
    }());
}

TEST(Gather, closes_with_a_loop_that_still_has_it) {
    testing::Reports reports;
    const auto loop = new_event_loop();
    auto all = loop->create_task([]() -> Coro<> { co_await gather(forever(), turns(1)); }(), {});
    loop->run_once(0s);
    loop->run_once(0s);
    loop->run_once(0s);
    loop->close();
    EXPECT_TRUE(all.done());
    EXPECT_THAT(reports.taken(), HasSubstr("Task was destroyed but it is pending"));
}

// ---- The order of events: the traces are CPython's

TEST(Gather, ends_two_iterations_after_its_last_child) {
    EXPECT_EQ(with_ticks(6,
                         [](Trace& trace) -> Coro<> {
                             co_await gather(noted(trace, 1, 1), noted(trace, 0, 2), noted(trace, 2, 3));
                         }),
              "t0 v2 t1 v1 t2 v3 t3 t4 done t5");
}

TEST(Gather, of_done_children_does_not_suspend) {
    EXPECT_EQ(with_ticks(3,
                         [](Trace& trace) -> Coro<> {
                             const auto a = create_task(noted(trace, 0, 1)), b = create_task(noted(trace, 0, 2));
                             co_await a;
                             co_await b;
                             trace.note("both");
                             co_await gather(a, b);
                         }),
              "t0 v1 v2 t1 both done t2");
}

TEST(Gather, of_done_and_pending_children_ends_as_ever) {
    EXPECT_EQ(with_ticks(6,
                         [](Trace& trace) -> Coro<> {
                             const auto a = create_task(noted(trace, 0, 1));
                             co_await a;
                             trace.note("one");
                             co_await gather(a, noted(trace, 0, 2), a);
                         }),
              "t0 v1 t1 one t2 v2 t3 t4 done t5");
}

TEST(Gather, of_a_child_that_has_failed_fails_at_once) {
    EXPECT_EQ(with_ticks(4,
                         [](Trace& trace) -> Coro<> {
                             const auto a = create_task(failing(trace, 0, 1));
                             co_await ending_of(a);
                             trace.note(co_await ending_of(gather(noted(trace, 0, 2), a)));
                         }),
              "t0 f1 t1 hocket::RuntimeError: 1 done t2 v2 t3");
}

TEST(Gather, failure_is_known_two_iterations_later) {
    EXPECT_EQ(with_ticks(6,
                         [](Trace& trace) -> Coro<> {
                             trace.note(co_await ending_of(gather(noted(trace, 3, 1), failing(trace, 1, 2),
                                                                  failing(trace, 2, 3), noted(trace, 0, 4))));
                         }),
              "t0 v4 t1 f2 t2 f3 t3 v1 hocket::RuntimeError: 2 done t4 t5");
}

TEST(Gather, of_gathers_adds_up) {
    EXPECT_EQ(
        with_ticks(6, [](Trace& trace) -> Coro<> { co_await gather(gather(noted(trace, 0, 1)), noted(trace, 1, 2)); }),
        "t0 v1 t1 v2 t2 t3 done t4 t5");
}

TEST(Gather, of_eager_tasks_that_do_not_wait_is_done_at_once) {
    Trace trace;
    run([&]() -> Coro<> {
        get_running_loop().eager_tasks = true;
        auto both = gather(noted(trace, 0, 1), noted(trace, 0, 2));
        EXPECT_TRUE(both.done());
        get_running_loop().eager_tasks = false;
        EXPECT_EQ(std::get<1>(co_await std::move(both)), 2);
    }());
}

TEST(Gather, is_seen_in_the_await_graph) {
    run([]() -> Coro<> {
        const auto waiting = create_task([]() -> Coro<> { co_await gather(forever(), turns(1)); });
        co_await turns(5);
        const AwaitNode node = capture_call_graph(*waiting.state());
        EXPECT_EQ(node.state, "waits for gather, 1 of 2 not done");
        EXPECT_EQ(node.awaits.size(), 1u);
        waiting.cancel();
        co_await ending_of(waiting);
    }());
}

}  // namespace
}  // namespace hocket
