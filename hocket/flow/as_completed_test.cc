// SPDX-License-Identifier: MIT
// as_completed: the order in which tasks come back, what a time limit does, and who may wait.
#include <hocket/flow/as_completed.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/traces_test.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <ranges>
#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::ending_of;
using testing::Trace;
using testing::turns;
using testing::value_after;

template <class It>
Coro<std::vector<int>> all_of(It& it) {
    std::vector<int> values;
    while (auto next = co_await it.next()) values.push_back(co_await *next);
    co_return values;
}

TEST(AsCompleted, gives_coroutines_back_as_tasks_in_the_order_of_their_ends) {
    run([]() -> Coro<> {
        std::vector<Coro<int>> coros;
        for (const int n : {3, 1, 2}) coros.push_back(value_after(2 * n, n));
        auto it = as_completed(std::move(coros));
        EXPECT_THAT(co_await all_of(it), ElementsAre(1, 2, 3));
        EXPECT_FALSE(co_await it.next());
    }());
}

// 48
TEST(AsCompleted, gives_the_original_tasks) {
    run([]() -> Coro<> {
        const auto a = create_task(value_after(2, 1)), b = create_task(value_after(0, 2));
        auto it = as_completed({a, b});
        EXPECT_EQ(co_await it.next(), std::optional(b));
        EXPECT_EQ(co_await it.next(), std::optional(a));
        EXPECT_EQ(co_await it.next(), std::nullopt);
    }());
}

TEST(AsCompleted, takes_views_futures_and_mixed_lists) {
    run([]() -> Coro<> {
        auto squares = as_completed(std::views::iota(1, 4) |
                                    std::views::transform([](int i) { return value_after(3 - i, i * i); }));
        EXPECT_THAT(co_await all_of(squares), ElementsAre(9, 4, 1));

        const Future<int> future;
        future.set_result(1);
        auto futures = as_completed({future});
        EXPECT_EQ(co_await futures.next(), std::optional(future));

        const auto task = create_task(turns(1));
        AsCompleted<AnyTask> mixed = as_completed({AnyTask(future), AnyTask(task)});
        EXPECT_EQ(co_await mixed.next(), std::optional<AnyTask>(future));
        EXPECT_EQ(co_await mixed.next(), std::optional<AnyTask>(task));
    }());
}

TEST(AsCompleted, takes_several_arguments) {
    run([]() -> Coro<> {
        auto equal = as_completed(value_after(3, 1), value_after(1, 2), create_task(value_after(2, 3)));
        EXPECT_THAT(co_await all_of(equal), ElementsAre(2, 3, 1));
        const auto task = create_task(turns(1));
        AsCompleted<AnyTask> different = as_completed(value_after(5, 1), task, hocket::sleep(0));
        EXPECT_EQ(co_await different.next(), std::optional<AnyTask>(task));
        EXPECT_TRUE(co_await different.next());
        EXPECT_TRUE(co_await different.next());
        EXPECT_FALSE(co_await different.next());
    }());
}

TEST(AsCompleted, of_nothing_gives_nothing) {
    run([]() -> Coro<> {
        auto it = as_completed(std::vector<Task<int>>(), {.timeout = 1h});
        EXPECT_FALSE(co_await it.next());
        EXPECT_TRUE(get_running_loop().timers().empty());
    }());
}

TEST(AsCompleted, gives_a_duplicate_once) {
    run([]() -> Coro<> {
        const auto a = create_task(value_after(1, 1)), b = create_task(value_after(2, 2));
        auto it = as_completed({a, a, b, a});
        EXPECT_THAT(co_await all_of(it), ElementsAre(1, 2));
    }());
}

TEST(AsCompleted, creates_its_tasks_when_it_is_called) {
    run([]() -> Coro<> {
        std::vector<Coro<int>> coros;
        int begun = 0;
        for (int i = 0; i < 2; ++i) coros.push_back([](int& n) -> Coro<int> { co_return ++n; }(begun));
        auto it = as_completed(std::move(coros));
        co_await turns(2);
        EXPECT_EQ(begun, 2);
        EXPECT_THAT(co_await all_of(it), ElementsAre(1, 2));
    }());
}

TEST(AsCompleted, failures_are_for_who_awaits_the_task) {
    run([]() -> Coro<> {
        const auto a = create_task(testing::failure_after(0, "a"));
        auto it = as_completed({a});
        const auto next = co_await it.next();
        EXPECT_EQ(co_await ending_of(*next), "hocket::RuntimeError: a");
    }());
}

TEST(AsCompleted, may_be_left_and_taken_up_again) {
    run([]() -> Coro<> {
        const auto tasks =
            std::vector{create_task(value_after(1, 1)), create_task(value_after(2, 2)), create_task(value_after(3, 3))};
        auto it = as_completed(tasks);
        EXPECT_EQ((co_await it.next())->result(), 1);
        co_await turns(5);
        EXPECT_THAT(co_await all_of(it), ElementsAre(2, 3));
    }());
}

TEST(AsCompleted, several_tasks_may_wait_in_turn) {
    Trace trace;
    run([&]() -> Coro<> {
        auto it = as_completed(std::vector{create_task(value_after(4, 1)), create_task(value_after(2, 2))});
        const auto taker = [&](std::string name) -> Coro<> {
            trace.note(name + std::to_string((co_await it.next())->result()));
        };
        const auto a = create_task(taker("a")), b = create_task(taker("b"));
        co_await a;
        co_await b;
    }());
    EXPECT_EQ(trace.taken(), "a2 b1");
}

TEST(AsCompleted, of_two_waits_the_one_that_begins_first_gets_the_first) {
    run([]() -> Coro<> {
        auto it = as_completed(value_after(1ms, std::string("a")), value_after(2ms, std::string("b")));
        auto one = it.next(), other = it.next();
        const auto first = co_await std::move(other);
        EXPECT_EQ(first->result(), "a");
        const auto second = co_await std::move(one);
        EXPECT_EQ(second->result(), "b");
    }());
}

TEST(AsCompleted, a_cancelled_wait_loses_nothing) {
    run([]() -> Coro<> {
        auto it = as_completed({create_task(value_after(6, 1))});
        const auto waiting = create_task([&]() -> Coro<> { co_await it.next(); });
        co_await turns(2);
        waiting.cancel();
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
        EXPECT_THAT(co_await all_of(it), ElementsAre(1));
    }());
}

TEST(AsCompleted, a_woken_wait_that_is_cancelled_passes_the_task_on) {
    run([]() -> Coro<> {
        const Future<int> future;
        auto it = as_completed({future, Future<int>()});
        const auto a = create_task([&]() -> Coro<> { co_await it.next(); });
        const auto b = create_task([&]() -> Coro<int> { co_return (co_await it.next())->result(); });
        co_await turns(1);
        future.set_result(7);
        co_await turns(1);  // `a` has been woken
        a.cancel();
        EXPECT_EQ(co_await b, 7);
        EXPECT_EQ(co_await ending_of(a), "hocket::CancelledError");
    }());
}

// 47
TEST(AsCompleted, a_time_limit_throws_once_for_each_that_is_late) {
    run([]() -> Coro<> {
        const auto fast = create_task(value_after(1, 1));
        const auto a = create_task(testing::forever()), b = create_task(testing::forever());
        auto it = as_completed({AnyTask(a), AnyTask(fast), AnyTask(b)}, {.timeout = 5ms});
        EXPECT_EQ(co_await it.next(), std::optional<AnyTask>(fast));
        EXPECT_EQ(co_await ending_of(it.next()), "hocket::TimeoutError: timed out");
        EXPECT_EQ(co_await ending_of(it.next()), "hocket::TimeoutError: timed out");
        EXPECT_FALSE(co_await it.next());
        EXPECT_EQ(a.cancelling() + b.cancelling(), 0u);
        a.cancel();
        b.cancel();
    }());
}

TEST(VirtualAsCompleted, takes_as_long_as_what_it_gives) {
    run([]() -> Coro<> {
        const TimePoint begin = get_running_loop().time();
        const auto a = create_task(value_after(10ms, 1)), b = create_task(value_after(20ms, 2)),
                   c = create_task(value_after(150ms, 3));
        auto it = as_completed({b, c, a});
        for (const auto delay : {10ms, 20ms, 150ms}) {
            const auto next = co_await it.next();
            EXPECT_TRUE(next->done());
            EXPECT_EQ(get_running_loop().time() - begin, delay);
        }
    }());
}

TEST(VirtualAsCompleted, its_time_limit_is_for_all_together) {
    run([]() -> Coro<> {
        const TimePoint begin = get_running_loop().time();
        const auto a = create_task(value_after(100ms, std::string("a"))),
                   b = create_task(value_after(150ms, std::string("b")));
        auto it = as_completed({a, b}, {.timeout = 120ms});
        EXPECT_EQ(co_await it.next(), std::optional(a));
        EXPECT_EQ(a.result(), "a");
        EXPECT_EQ(co_await ending_of(it.next()), "hocket::TimeoutError: timed out");
        EXPECT_EQ(get_running_loop().time() - begin, 120ms);
        EXPECT_EQ(co_await b, "b");
    }());
}

TEST(AsCompleted, what_was_done_in_time_comes_before_the_time_limits_error) {
    run([]() -> Coro<> {
        const auto fast = create_task(value_after(0, 1)), slow = create_task(value_after(100ms, 2));
        auto it = as_completed({slow, fast}, {.timeout = 1ms});
        co_await hocket::sleep(10ms);
        EXPECT_EQ(co_await it.next(), std::optional(fast));
        EXPECT_EQ(co_await ending_of(it.next()), "hocket::TimeoutError: timed out");
        slow.cancel();
    }());
}

TEST(AsCompleted, what_ends_in_the_iteration_of_the_time_limit_is_late) {
    run([]() -> Coro<> {
        const Future<int> future;
        get_running_loop().call_soon([&] { future.set_result(1); });  // runs just before the limit passes
        auto it = as_completed({future}, {.timeout = 0s});
        EXPECT_EQ(co_await ending_of(it.next()), "hocket::TimeoutError: timed out");
        co_await turns(2);
        EXPECT_EQ(future.result(), 1);
        EXPECT_FALSE(co_await it.next());
    }());
}

TEST(AsCompleted, an_unused_time_limit_is_taken_back) {
    run([]() -> Coro<> {
        auto it = as_completed({create_task(value_after(1, 1))}, {.timeout = 1h});
        EXPECT_THAT(co_await all_of(it), ElementsAre(1));
        EXPECT_TRUE(get_running_loop().timers().empty());
        static_cast<void>(as_completed({create_task(value_after(1, 1))}, {.timeout = 1h}));  // dropped
        EXPECT_TRUE(get_running_loop().timers().empty());
    }());
}

TEST(AsCompleted, dropped_it_leaves_the_tasks) {
    run([]() -> Coro<> {
        const auto task = create_task(value_after(3, 1));
        {
            auto it = as_completed({task, create_task(value_after(0, 2))});
            co_await turns(1);
        }
        EXPECT_EQ(co_await task, 1);
    }());
}

TEST(AsCompleted, dropped_under_a_task_that_waits_it_tells_that_task) {
    run([]() -> Coro<> {
        for (const bool with_news : {false, true}) {
            const Future<int> one, two;
            std::optional<AsCompleted<Future<int>>> it = as_completed({one, two});
            const auto waiting = create_task([&]() -> Coro<> { co_await it->next(); });
            const auto second = create_task([&]() -> Coro<> { co_await it->next(); });
            co_await turns(2);
            if (with_news) one.set_result(1);  // a callback of it stands in the ready queue
            it.reset();
            auto other = as_completed({one, two});  // perhaps in the same memory
            for (const auto& task : {waiting, second}) {
                EXPECT_EQ(co_await ending_of(task),
                          "hocket::RuntimeError: as_completed was destroyed while 2 tasks waited for it");
            }
            if (!with_news) one.set_result(1);
            two.set_result(2);
            EXPECT_TRUE(co_await other.next());
            EXPECT_TRUE(co_await other.next());
            EXPECT_FALSE(co_await other.next());
        }
    }());
}

TEST(AsCompleted, a_cancelled_wait_leaves_its_place_to_another) {
    run([]() -> Coro<> {
        const Future<int> only;
        auto it = as_completed({only});
        const auto first = create_task([&]() -> Coro<> { co_await it.next(); });
        co_await turns(1);
        first.cancel();
        const auto second = create_task([&]() -> Coro<bool> { co_return (co_await it.next()).has_value(); });
        co_await turns(2);
        only.set_result(1);
        EXPECT_TRUE(co_await second);
        EXPECT_TRUE(first.cancelled());

        const Future<int> other;
        auto again = as_completed({other});
        const auto woken = create_task([&]() -> Coro<> { co_await again.next(); });
        co_await turns(1);
        other.set_result(1);
        get_running_loop().call_soon([&] { woken.cancel(); });
        EXPECT_EQ(co_await ending_of(woken), "hocket::CancelledError");
        EXPECT_TRUE((co_await again.next()).has_value());
    }());
}

TEST(AsCompleted, needs_a_loop_and_futures_of_it) {
    const auto other = new_event_loop();
    const Future<> theirs(*other);
    EXPECT_THROW(static_cast<void>(as_completed({theirs})), RuntimeError);
    run([&]() -> Coro<> {
        EXPECT_THROW(static_cast<void>(as_completed({theirs})), ValueError);
        co_return;
    }());
}

TEST(AsCompleted, of_coroutines_needs_a_running_loop) {
    testing::Reports reports;
    EXPECT_EQ(testing::thrown_by([] { static_cast<void>(as_completed(value_after(0, 1), value_after(0, 2))); }),
              "hocket::RuntimeError: no running event loop");
}

TEST(AsCompleted, is_seen_in_the_await_graph) {
    run([]() -> Coro<> {
        auto it = as_completed({create_task(testing::forever())}, {.timeout = 10ms});
        const auto waiting = create_task([&]() -> Coro<> { co_await it.next(); });
        co_await turns(2);
        const std::string state = capture_call_graph(*waiting.state()).state;
        EXPECT_TRUE(state.starts_with("waits for as_completed, 1 of 1 not done, 0.0")) << state;
        EXPECT_TRUE(state.ends_with(" s left")) << state;
        EXPECT_EQ(co_await ending_of(waiting), "hocket::TimeoutError: timed out");
    }());
}

// The traces are CPython's.
TEST(AsCompleted, a_task_comes_back_two_iterations_after_its_end) {
    EXPECT_EQ(testing::with_ticks(6,
                                  [](Trace& trace) -> Coro<> {
                                      auto it = as_completed(
                                          {create_task(turns(3)), create_task(turns(1)), create_task(turns(1))});
                                      while (co_await it.next()) trace.note("got");
                                  }),
              "t0 t1 t2 t3 got got t4 t5 got done");
}

}  // namespace
}  // namespace hocket
