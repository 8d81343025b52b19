// SPDX-License-Identifier: MIT
// Those that wait at a queue, on either side: their order, and what a cancel leaves to the others.
#include <hocket/sync/queue.h>

#include <gtest/gtest.h>
#include <hocket/flow/wait_for.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <chrono>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::Census;
using testing::ending_of;
using testing::turns;

Coro<> put(Queue<int>& queue, int item) { co_await queue.put(item); }
Coro<int> get(Queue<int>& queue) { co_return co_await queue.get(); }

TEST(Queue, getters_are_served_in_the_order_in_which_they_came) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        const Task<int> a = create_task(get(queue)), b = create_task(get(queue)), c = create_task(get(queue));
        co_await hocket::sleep(0);
        for (const int i : {1, 2, 3}) queue.put_nowait(i);
        EXPECT_EQ(co_await a, 1);
        EXPECT_EQ(co_await b, 2);
        EXPECT_EQ(co_await c, 3);
    };
    run(main());
}

TEST(Queue, a_newcomer_may_take_the_item_and_the_woken_getter_waits_again) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        const Task<int> waits = create_task(get(queue));
        co_await hocket::sleep(0);
        const Task<int> newcomer = create_task(get(queue));  // runs before the woken one
        queue.put_nowait(1);
        co_await turns(3);
        EXPECT_EQ(newcomer.result(), 1);
        EXPECT_FALSE(waits.done());
        queue.put_nowait(2);
        EXPECT_EQ(co_await waits, 2);
    };
    run(main());
}

TEST(Queue, putters_are_served_in_the_order_in_which_they_came) {
    auto main = []() -> Coro<> {
        Queue<int> queue(1);
        const Task<> a = create_task(put(queue, 1)), b = create_task(put(queue, 2)), c = create_task(put(queue, 3));
        EXPECT_EQ(co_await queue.get(), 1);
        EXPECT_EQ(co_await queue.get(), 2);
        EXPECT_EQ(co_await queue.get(), 3);
        EXPECT_TRUE(a.done() && b.done() && c.done());
    };
    run(main());
}

TEST(Queue, each_item_that_is_taken_without_waiting_lets_a_putter_go_on) {
    auto main = []() -> Coro<> {
        Queue<int> queue(2);
        std::vector<Task<>> putters;
        for (int i = 0; i < 4; ++i) putters.push_back(create_task(put(queue, i)));
        co_await hocket::sleep(0);
        EXPECT_FALSE(putters[2].done() || putters[3].done());
        for (auto n = queue.qsize(); n > 0; --n) queue.get_nowait();
        for (const Task<>& t : putters) co_await t;
        EXPECT_EQ(queue.qsize(), 2u);
    };
    run(main());
}

// 66
TEST(Queue, a_cancelled_getter_leaves_the_item) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        const Task<int> getter = create_task(get(queue));
        co_await hocket::sleep(0);
        queue.put_nowait(1);
        queue.put_nowait(2);
        getter.cancel();
        EXPECT_EQ(co_await ending_of(getter), "hocket::CancelledError");
        EXPECT_EQ(co_await queue.get(), 1);
        EXPECT_EQ(co_await queue.get(), 2);
    };
    run(main());
}

// 66
TEST(Queue, a_getter_that_is_cancelled_when_woken_passes_the_wakeup_on) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        const Task<int> first = create_task(get(queue)), second = create_task(get(queue));
        co_await hocket::sleep(0);
        queue.put_nowait(1);
        first.cancel();
        EXPECT_EQ(co_await second, 1);
        EXPECT_TRUE(first.cancelled());
    };
    run(main());
}

TEST(Queue, a_getter_that_is_cancelled_while_it_waits_is_passed_over) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        for (const int turns_before_the_put : {0, 1}) {
            const Task<int> first = create_task(get(queue)), second = create_task(get(queue));
            co_await hocket::sleep(0);
            first.cancel();
            co_await turns(turns_before_the_put);
            EXPECT_EQ(first.done(), turns_before_the_put > 0);
            co_await queue.put(1);
            EXPECT_EQ(co_await second, 1);
            EXPECT_TRUE(first.cancelled());
        }
    };
    run(main());
}

TEST(Queue, the_items_that_a_cancelled_getter_leaves_reach_the_others) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        const Task<int> first = create_task(get(queue)), second = create_task(get(queue)),
                        third = create_task(get(queue));
        co_await hocket::sleep(0);
        queue.put_nowait(1);
        queue.put_nowait(2);
        first.cancel();
        EXPECT_EQ(co_await ending_of(first), "hocket::CancelledError");
        EXPECT_EQ(co_await second, 1);
        EXPECT_EQ(co_await third, 2);
    };
    run(main());
}

TEST(VirtualQueue, a_getter_that_times_out_leaves_what_comes_later) {
    auto main = []() -> Coro<> {
        Queue<int> queue(5);
        EXPECT_EQ(co_await ending_of(hocket::wait_for(queue.get(), 100ms)), "hocket::TimeoutError: timed out");
        const Task<int> next = create_task(get(queue));
        co_await hocket::sleep(0);
        queue.put_nowait(1);
        co_await hocket::sleep(0);
        EXPECT_EQ(next.result(), 1);
    };
    run(main());
}

TEST(Queue, a_putter_that_is_cancelled_when_woken_passes_the_wakeup_on_and_puts_nothing) {
    auto main = []() -> Coro<> {
        Queue<int> queue(1);
        queue.put_nowait(0);
        const Task<> first = create_task(put(queue, 1)), second = create_task(put(queue, 2));
        co_await hocket::sleep(0);
        EXPECT_EQ(queue.get_nowait(), 0);
        first.cancel();
        co_await second;
        EXPECT_EQ(queue.get_nowait(), 2);
        EXPECT_TRUE(queue.empty());
        EXPECT_TRUE(first.cancelled());
    };
    run(main());
}

TEST(Queue, a_put_that_is_cancelled_when_woken_can_be_tried_again) {
    auto main = []() -> Coro<> {
        Queue<int> queue(1);
        queue.put_nowait(1);
        const Task<> putter = create_task(put(queue, 2));
        co_await hocket::sleep(0);
        EXPECT_EQ(queue.get_nowait(), 1);
        putter.cancel();
        EXPECT_EQ(co_await ending_of(putter), "hocket::CancelledError");
        EXPECT_TRUE(queue.empty());
        co_await queue.put(2);
        EXPECT_EQ(queue.get_nowait(), 2);
        EXPECT_EQ(queue.qsize(), 0u);
    };
    run(main());
}

TEST(Queue, a_putter_that_is_cancelled_while_it_waits_is_passed_over) {
    auto main = []() -> Coro<> {
        Queue<int> queue(1);
        const Task<> first = create_task(put(queue, 1)), cancelled = create_task(put(queue, 2)),
                     third = create_task(put(queue, 3));
        co_await hocket::sleep(0);
        EXPECT_TRUE(first.done());
        EXPECT_FALSE(third.done());
        cancelled.cancel();
        co_await hocket::sleep(0);
        EXPECT_TRUE(cancelled.cancelled());
        EXPECT_EQ(queue.get_nowait(), 1);
        co_await hocket::sleep(0);
        EXPECT_EQ(queue.get_nowait(), 3);
        co_await third;
        EXPECT_TRUE(queue.empty());
    };
    run(main());
}

TEST(Queue, the_item_of_a_cancelled_put_is_destroyed_with_the_awaiter) {
    auto main = []() -> Coro<> {
        Census census;
        Queue<Census::Member> queue(1);
        queue.put_nowait(census.member());
        const Task<> putter = create_task([&]() -> Coro<> { co_await queue.put(census.member()); });
        co_await hocket::sleep(0);
        EXPECT_EQ(census.alive(), 2);
        putter.cancel();
        co_await turns(2);
        EXPECT_EQ(census.alive(), 1);
    };
    run(main());
}

}  // namespace
}  // namespace hocket
