// SPDX-License-Identifier: MIT
// What queues of all kinds do alike: join, and shutdown at each filling; and the order, which is each kind's own.
#include <hocket/sync/lifo_queue.h>
#include <hocket/sync/priority_queue.h>
#include <hocket/sync/queue.h>

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <array>
#include <cstddef>
#include <string>

namespace hocket {
namespace {

using testing::ending_of;
using testing::thrown_by;
using testing::Trace;

constexpr const char* shut_down = "hocket::QueueShutDown: queue is shut down";
constexpr const char* too_many = "hocket::ValueError: task_done() called too many times";

// Runs `main` with a queue of each kind.
template <class F>
void with_each_kind(std::ptrdiff_t maxsize, F main) {
    Queue<int> fifo(maxsize);
    LifoQueue<int> lifo(maxsize);
    PriorityQueue<int> priority(maxsize);
    {
        SCOPED_TRACE("Queue");
        run(main(fifo));
    }
    {
        SCOPED_TRACE("LifoQueue");
        run(main(lifo));
    }
    {
        SCOPED_TRACE("PriorityQueue");
        run(main(priority));
    }
}

template <class Q>
Coro<> put(Q& queue, int item) {
    co_await queue.put(item);
}

template <class Q>
Coro<int> get(Q& queue) {
    co_return co_await queue.get();
}

template <class Q>
Coro<> join(Q& queue) {
    co_await queue.join();
}

// Puts, and gets from the empty queue, throw QueueShutDown, with waiting and without.
template <class Q>
Coro<> expect_closed(Q& queue) {
    EXPECT_EQ(co_await ending_of(queue.put(9)), shut_down);
    EXPECT_EQ(thrown_by([&] { queue.put_nowait(9); }), shut_down);
    EXPECT_EQ(co_await ending_of(queue.get()), shut_down);
    EXPECT_EQ(thrown_by([&] { queue.get_nowait(); }), shut_down);
}

template <class Q>
Coro<std::string> order_of_1_3_2(Q& queue) {
    Trace trace;
    for (const int i : {1, 3, 2}) co_await queue.put(i);
    while (!queue.empty()) trace.note(co_await queue.get());
    co_return trace.taken();
}

TEST(QueueKinds, have_each_their_order) {
    auto main = []() -> Coro<> {
        Queue<int> fifo;
        LifoQueue<int> lifo;
        PriorityQueue<int> priority;
        EXPECT_EQ(co_await order_of_1_3_2(fifo), "1 3 2");
        EXPECT_EQ(co_await order_of_1_3_2(lifo), "2 3 1");
        EXPECT_EQ(co_await order_of_1_3_2(priority), "1 2 3");
    };
    run(main());
}

// 69
TEST(QueueKinds, refuse_a_task_done_for_which_nothing_was_put) {
    with_each_kind(0, [](auto& queue) -> Coro<> {
        EXPECT_EQ(thrown_by([&] { queue.task_done(); }), too_many);
        co_return;
    });
}

TEST(QueueKinds, join_without_items_does_not_suspend) {
    with_each_kind(0, [](auto& queue) -> Coro<> {
        bool others_ran = false;
        get_running_loop().call_soon([&] { others_ran = true; });
        co_await queue.join();
        co_await queue.join();
        EXPECT_FALSE(others_ran);
        co_await hocket::sleep(0);
    });
}

TEST(QueueKinds, join_waits_until_the_workers_have_done_every_item) {
    with_each_kind(0, [](auto& queue) -> Coro<> {
        for (int i = 0; i < 100; ++i) queue.put_nowait(i);
        int sum = 0;
        bool running = true;
        auto work = [&]() -> Coro<> {
            while (running) {
                sum += co_await queue.get();
                queue.task_done();
            }
        };
        const std::array<Task<>, 2> workers{create_task(work()), create_task(work())};
        co_await queue.join();
        EXPECT_EQ(sum, 4950);
        running = false;
        for (int i = 0; i < 2; ++i) queue.put_nowait(0);
        for (const Task<>& worker : workers) co_await worker;
    });
}

// 67
TEST(QueueKinds, an_empty_one_that_is_shut_down_has_nothing_for_anybody) {
    with_each_kind(0, [](auto& queue) -> Coro<> {
        const Task<int> getter = create_task(get(queue));
        co_await hocket::sleep(0);
        queue.shutdown();
        EXPECT_EQ(queue.qsize(), 0u);
        co_await queue.join();
        co_await hocket::sleep(0);
        EXPECT_TRUE(getter.done());
        EXPECT_EQ(co_await ending_of(getter), shut_down);
        co_await expect_closed(queue);
    });
}

// 67
TEST(QueueKinds, one_with_items_that_is_shut_down_gives_them_out_and_is_joined_when_they_are_done) {
    with_each_kind(1, [](auto& queue) -> Coro<> {
        queue.put_nowait(1);
        const Task<> joiner = create_task(join(queue));
        const Task<> putter = create_task(put(queue, 2));
        co_await hocket::sleep(0);
        EXPECT_FALSE(putter.done());

        queue.shutdown();
        EXPECT_EQ(queue.qsize(), 1u);
        co_await hocket::sleep(0);
        EXPECT_TRUE(putter.done());
        EXPECT_EQ(co_await ending_of(putter), shut_down);
        EXPECT_EQ(co_await queue.get(), 1);
        co_await hocket::sleep(0);
        EXPECT_FALSE(joiner.done());
        co_await expect_closed(queue);

        queue.task_done();
        co_await hocket::sleep(0);
        EXPECT_TRUE(joiner.done());
        co_await joiner;
        EXPECT_EQ(thrown_by([&] { queue.task_done(); }), too_many);
    });
}

// 68
TEST(QueueKinds, immediate_shutdown_counts_the_items_as_done) {
    with_each_kind(0, [](auto& queue) -> Coro<> {
        queue.put_nowait(1);
        const Task<> joiner = create_task(join(queue));
        queue.shutdown({.immediate = true});
        EXPECT_EQ(queue.qsize(), 0u);
        co_await hocket::sleep(0);
        EXPECT_TRUE(joiner.done());
        co_await joiner;
        co_await expect_closed(queue);
        EXPECT_EQ(thrown_by([&] { queue.task_done(); }), too_many);
    });
}

// 68
TEST(QueueKinds, immediate_shutdown_does_not_count_an_item_in_work_as_done) {
    with_each_kind(0, [](auto& queue) -> Coro<> {
        queue.put_nowait(1);
        queue.put_nowait(1);
        const Task<> joiner = create_task(join(queue));
        EXPECT_EQ(co_await queue.get(), 1);
        queue.shutdown({.immediate = true});
        EXPECT_EQ(queue.qsize(), 0u);
        co_await hocket::sleep(0);
        EXPECT_FALSE(joiner.done());
        co_await expect_closed(queue);

        queue.task_done();
        EXPECT_EQ(thrown_by([&] { queue.task_done(); }), too_many);
        co_await hocket::sleep(0);
        EXPECT_TRUE(joiner.done());
        co_await joiner;
    });
}

}  // namespace
}  // namespace hocket
