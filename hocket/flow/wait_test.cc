// SPDX-License-Identifier: MIT
// wait: when it returns, what it returns, and that it leaves what it waits for alone.
#include <hocket/flow/wait.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/generator.h>
#include <hocket/flow/traces_test.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ranges>
#include <span>
#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::ending_of;
using testing::failure_after;
using testing::Trace;
using testing::turns;
using testing::value_after;
using testing::with_ticks;

TEST(Wait, for_all_gives_them_in_the_order_of_the_argument) {
    run([]() -> Coro<> {
        const auto a = create_task(value_after(3, 1)), b = create_task(value_after(1, 2)),
                   c = create_task(value_after(2, 3));
        auto [done, pending] = co_await wait({c, a, b});
        EXPECT_THAT(done, ElementsAre(c, a, b));
        EXPECT_TRUE(pending.empty());
        EXPECT_EQ(done[1].result(), 1);
    }());
}

TEST(Wait, takes_ranges_and_mixed_lists) {
    run([]() -> Coro<> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 4; ++i) tasks.push_back(create_task(value_after(i, i)));
        EXPECT_EQ((co_await wait(tasks)).done.size(), 4u);
        EXPECT_EQ((co_await wait(std::span(tasks).first(2))).done.size(), 2u);
        EXPECT_EQ((co_await wait(tasks | std::views::drop(1))).done.size(), 3u);
        EXPECT_TRUE(tasks[0]);
        EXPECT_EQ((co_await wait(std::move(tasks))).done[3].result(), 3);

        const auto a = create_task(value_after(1, 1));
        const auto b = create_task(value_after(1, std::string("b")));
        const Future<> c;
        c.set_result();
        const WaitResult<AnyTask> found = co_await wait({a, b, c});
        EXPECT_THAT(found.done, ElementsAre(AnyTask(a), AnyTask(b), AnyTask(c)));
    }());
}

Generator<Task<int>> started_one_by_one(int n) {
    for (int i = 0; i < n; ++i) co_yield create_task(value_after(1, i));
}

TEST(Wait, takes_views_and_generators_that_make_the_tasks) {
    run([]() -> Coro<> {
        const auto of_a_view = co_await wait(
            std::views::iota(0, 10) | std::views::transform([](int i) { return create_task(value_after(1, i)); }));
        const auto of_a_generator = co_await wait(started_one_by_one(10), {.return_when = ALL_COMPLETED});
        for (const auto* found : {&of_a_view, &of_a_generator}) {
            EXPECT_TRUE(found->pending.empty());
            EXPECT_EQ(found->done.size(), 10u);
            for (int i = 0; i < 10; ++i) EXPECT_EQ(found->done.at(static_cast<std::size_t>(i)).result(), i);
        }
    }());
}

TEST(Wait, for_nothing_is_an_error) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(wait(std::vector<Task<>>())),
                  "hocket::ValueError: wait: no tasks or futures are given");
        EXPECT_EQ(co_await ending_of(wait({Task<>()})),
                  "hocket::RuntimeError: cannot wait for an empty handle: it was moved from, or never set");
    }());
}

TEST(Wait, refuses_futures_of_another_loop) {
    const auto other = new_event_loop();
    const Future<> theirs(*other);
    run([&]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(wait({theirs})), "hocket::ValueError: the futures belong to different loops");
    }());
}

TEST(Wait, counts_a_duplicate_once) {
    run([]() -> Coro<> {
        const auto a = create_task(value_after(1, 1)), b = create_task(value_after(1, 2));
        EXPECT_THAT((co_await wait({a, b, a, a})).done, ElementsAre(a, b));
    }());
}

TEST(Wait, for_the_first_leaves_the_others) {
    run([]() -> Coro<> {
        const auto a = create_task(value_after(8, 1)), b = create_task(value_after(1, 2));
        auto [done, pending] = co_await wait({a, b}, {.return_when = FIRST_COMPLETED});
        EXPECT_THAT(done, ElementsAre(b));
        EXPECT_THAT(pending, ElementsAre(a));
        EXPECT_EQ(co_await a, 1);
    }());
}

TEST(Wait, finds_what_became_done_while_it_was_woken) {
    run([]() -> Coro<> {
        const auto a = create_task(turns(1)), b = create_task(turns(2));
        auto [done, pending] = co_await wait({b, a}, {.return_when = FIRST_COMPLETED});
        EXPECT_THAT(done, ElementsAre(b, a));
    }());
}

TEST(Wait, throws_no_exception_of_the_tasks) {
    run([]() -> Coro<> {
        const auto a = create_task(failure_after(1, "a"));
        auto [done, pending] = co_await wait({a});
        EXPECT_EQ(describe(done[0].exception()), "hocket::RuntimeError: a");
    }());
}

TEST(Wait, does_not_count_as_having_looked_at_an_exception) {
    testing::Reports reports;
    run([]() -> Coro<> {
        const auto task = create_task(failure_after(1, "a")), other = create_task(turns(9));
        co_await wait({task, other}, {.return_when = FIRST_EXCEPTION});
    }());
    EXPECT_EQ(reports.count(), 1u);
}

TEST(Wait, for_the_first_exception) {
    run([]() -> Coro<> {
        const auto a = create_task(turns(9)), b = create_task(turns(0)), c = create_task(failure_after(2, "c"));
        auto [done, pending] = co_await wait({a, b, c}, {.return_when = FIRST_EXCEPTION});
        EXPECT_THAT(done, ElementsAre(b, c));
        EXPECT_EQ(describe(c.exception()), "hocket::RuntimeError: c");
        EXPECT_EQ((co_await wait({a, b}, {.return_when = FIRST_EXCEPTION})).done.size(), 2u);
    }());
}

// 46
TEST(Wait, for_the_first_exception_passes_over_cancelled_tasks) {
    run([]() -> Coro<> {
        const auto a = create_task(turns(9)), b = create_task(testing::forever());
        b.cancel();
        auto [done, pending] = co_await wait({a, b}, {.return_when = FIRST_EXCEPTION});
        EXPECT_THAT(done, ElementsAre(a, b));
        EXPECT_TRUE(b.cancelled());
    }());
}

// 45
TEST(Wait, its_time_limit_cancels_nothing) {
    run([]() -> Coro<> {
        const auto slow = create_task(testing::forever()), fast = create_task(turns(1));
        auto [done, pending] = co_await wait({slow, fast}, {.timeout = 5ms});
        EXPECT_THAT(done, ElementsAre(fast));
        EXPECT_THAT(pending, ElementsAre(slow));
        EXPECT_EQ(slow.cancelling(), 0u);
        slow.cancel();
    }());
}

TEST(Wait, its_time_limit_is_over_when_it_returns) {
    run([]() -> Coro<> {
        const auto task = create_task(turns(1));
        co_await wait({task}, {.timeout = 1h});
        EXPECT_TRUE(get_running_loop().timers().empty());
    }());
}

// 45
TEST(Wait, cancelled_it_cancels_nothing) {
    run([]() -> Coro<> {
        const auto inner = create_task(value_after(5, 1));
        const auto waiting = create_task([&]() -> Coro<> { co_await wait({inner}, {.timeout = 1h}); });
        co_await turns(2);
        waiting.cancel("enough");
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError: enough");
        EXPECT_EQ(inner.cancelling(), 0u);
        EXPECT_TRUE(get_running_loop().timers().empty());
        EXPECT_EQ(co_await inner, 1);
    }());
}

TEST(Wait, a_cancel_that_comes_after_its_end_wins) {
    run([]() -> Coro<> {
        const Future<> future;
        const auto waiting = create_task([&]() -> Coro<> { co_await wait({future}); });
        co_await turns(1);
        future.set_result();
        co_await turns(1);
        EXPECT_TRUE(waiting.cancel());
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
    }());
}

TEST(Wait, may_be_made_before_it_is_awaited) {
    run([]() -> Coro<> {
        const auto task = create_task(turns(1));
        auto later = wait({task});
        auto [done, pending] = co_await create_task(
            [](auto w) -> Coro<WaitResult<Task<>>> { co_return co_await std::move(w); }, std::move(later));
        EXPECT_EQ(done.size(), 1u);
    }());
}

TEST(Wait, is_seen_in_the_await_graph) {
    run([]() -> Coro<> {
        const auto a = create_task(testing::forever(), {.name = "a"}), b = create_task(turns(0));
        const auto waiting = create_task([&]() -> Coro<> { co_await wait({a, b}); });
        co_await turns(3);
        const AwaitNode node = capture_call_graph(*waiting.state());
        EXPECT_EQ(node.state, "waits for wait, 1 of 2 not done");
        EXPECT_EQ(node.awaits.at(0).name, "a");
        a.cancel();
        co_await waiting;
    }());
}

TEST(VirtualWait, says_in_the_await_graph_how_much_time_is_left) {
    run([]() -> Coro<> {
        const auto a = create_task(testing::forever());
        const auto waiting = create_task([&]() -> Coro<> { co_await wait({a}, {.timeout = 3s}); });
        co_await hocket::sleep(1s);
        EXPECT_EQ(capture_call_graph(waiting).state, "waits for wait, 1 of 1 not done, 2.000 s left");
        co_await waiting;
        a.cancel();
    }());
}

// ---- The order of events: the traces are CPython's

TEST(Wait, for_done_tasks_takes_two_iterations) {
    EXPECT_EQ(with_ticks(5,
                         [](Trace&) -> Coro<> {
                             const auto a = create_task(turns(0));
                             co_await a;
                             co_await wait({a});
                         }),
              "t0 t1 t2 t3 done t4");
}

TEST(Wait, ends_two_iterations_after_the_last) {
    EXPECT_EQ(with_ticks(6,
                         [](Trace&) -> Coro<> {
                             const auto a = create_task(turns(0)), b = create_task(turns(2));
                             co_await wait({a, b});
                         }),
              "t0 t1 t2 t3 t4 done t5");
}

TEST(Wait, with_no_time_sees_one_iteration) {
    EXPECT_EQ(with_ticks(4,
                         [](Trace&) -> Coro<> {
                             const auto a = create_task(turns(0)), b = create_task(turns(1)), c = create_task(turns(5));
                             auto [done, pending] = co_await wait({a, b, c}, {.timeout = 0s});
                             EXPECT_EQ(done.size(), 2u);
                         }),
              "t0 t1 done t2 t3");
}

TEST(Wait, a_cancel_arrives_in_the_next_iteration) {
    EXPECT_EQ(with_ticks(6,
                         [](Trace& trace) -> Coro<> {
                             const auto a = create_task(turns(9));
                             const auto waiting =
                                 create_task([&]() -> Coro<> { trace.note(co_await ending_of(wait({a}))); });
                             co_await turns(2);
                             trace.note("cancel");
                             waiting.cancel();
                             co_await waiting;
                         }),
              "t0 t1 cancel t2 hocket::CancelledError t3 done t4 t5");
}

}  // namespace
}  // namespace hocket
