// SPDX-License-Identifier: MIT
// Queues: order, sizes, waiting on both sides, and what items can be.
#include <hocket/sync/queue.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using testing::thrown_by;
using testing::Trace;
using testing::turns;

Coro<> put(Queue<int>& queue, int item) { co_await queue.put(item); }
Coro<int> get(Queue<int>& queue) { co_return co_await queue.get(); }

TEST(OnceQueue, items_leave_in_the_order_in_which_they_came) {
    Queue<int> queue;
    for (const int i : {1, 3, 2}) queue.put_nowait(i);
    EXPECT_EQ(queue.qsize(), 3u);
    EXPECT_EQ(queue.get_nowait(), 1);
    EXPECT_EQ(queue.get_nowait(), 3);
    EXPECT_EQ(queue.get_nowait(), 2);
    EXPECT_TRUE(queue.empty());
}

TEST(OnceQueue, keeps_the_order_while_it_grows_and_wraps_around) {
    Queue<int> queue;
    int in = 0, out = 0;
    for (int round = 1; round < 50; ++round) {
        for (int i = 0; i < round; ++i) queue.put_nowait(in++);
        for (int i = 0; i < round - 1; ++i) EXPECT_EQ(queue.get_nowait(), out++);
    }
    while (!queue.empty()) EXPECT_EQ(queue.get_nowait(), out++);
    EXPECT_EQ(in, out);
}

TEST(OnceQueue, put_nowait_on_a_full_one_and_get_nowait_on_an_empty_one_throw) {
    Queue<int> queue(1);
    EXPECT_EQ(thrown_by([&] { queue.get_nowait(); }), "hocket::QueueEmpty: queue is empty");
    EXPECT_FALSE(queue.full());
    queue.put_nowait(1);
    EXPECT_TRUE(queue.full());
    EXPECT_EQ(thrown_by([&] { queue.put_nowait(2); }), "hocket::QueueFull: queue is full");
    EXPECT_EQ(queue.qsize(), 1u);
}

TEST(OnceQueue, an_item_that_put_nowait_refuses_is_still_the_callers) {
    Queue<std::unique_ptr<int>> queue(1);
    queue.put_nowait(std::make_unique<int>(1));
    auto item = std::make_unique<int>(2);
    EXPECT_EQ(thrown_by([&] { queue.put_nowait(std::move(item)); }), "hocket::QueueFull: queue is full");
    EXPECT_TRUE(item);
    queue.shutdown();
    EXPECT_EQ(thrown_by([&] { queue.put_nowait(std::move(item)); }), "hocket::QueueShutDown: queue is shut down");
    EXPECT_TRUE(item);
}

TEST(OnceQueue, put_nowait_copies_what_stays_and_takes_what_becomes_an_item) {
    Queue<std::string> queue;
    const std::string stays = "stays";
    queue.put_nowait(stays);
    queue.put_nowait("becomes one");
    queue.put_nowait({"three", 2});
    EXPECT_EQ(queue.get_nowait(), stays);
    EXPECT_EQ(queue.get_nowait(), "becomes one");
    EXPECT_EQ(queue.get_nowait(), "th");
}

TEST(OnceQueue, without_a_size_it_is_never_full) {
    for (const int size : {0, -1}) {
        Queue<int> queue(size);
        EXPECT_EQ(queue.maxsize(), 0u);
        EXPECT_FALSE(queue.full());
        for (int i = 0; i < 100; ++i) queue.put_nowait(i);
        EXPECT_FALSE(queue.full());
    }
}

TEST(Queue, put_and_get_that_need_not_wait_do_not_suspend) {
    auto main = []() -> Coro<> {
        Queue<int> queue(1), unlimited;
        Trace trace;
        const Task<> other = create_task([&]() -> Coro<> {
            trace.note("other");
            co_return;
        });
        co_await queue.put(1);
        EXPECT_EQ(co_await queue.get(), 1);
        for (const int i : {1, 2, 3}) co_await unlimited.put(i);
        for (const int i : {1, 2, 3}) EXPECT_EQ(co_await unlimited.get(), i);
        EXPECT_EQ(trace.taken(), "");
        co_await other;
    };
    run(main());
}

TEST(Queue, is_empty_when_all_is_taken_and_full_when_no_room_is_left) {
    auto main = []() -> Coro<> {
        Queue<int> queue(1);
        EXPECT_TRUE(queue.empty());
        EXPECT_FALSE(queue.full());
        co_await queue.put(1);
        EXPECT_FALSE(queue.empty());
        EXPECT_TRUE(queue.full());
        EXPECT_EQ(co_await queue.get(), 1);
        EXPECT_TRUE(queue.empty());
        EXPECT_FALSE(queue.full());
    };
    run(main());
}

TEST(Queue, put_waits_while_it_is_full) {
    auto main = []() -> Coro<> {
        Queue<int> queue(2);
        EXPECT_EQ(queue.maxsize(), 2u);
        Trace trace;
        const Task<> putter = create_task([&]() -> Coro<> {
            for (int i = 0; i < 3; ++i) {
                co_await queue.put(i);
                trace.note(i);
            }
        });
        co_await turns(3);
        EXPECT_EQ(trace.taken(), "0 1");
        EXPECT_EQ(co_await queue.get(), 0);
        co_await hocket::sleep(0);
        EXPECT_EQ(trace.taken(), "2");
        EXPECT_TRUE(putter.done());
        EXPECT_EQ(co_await queue.get(), 1);
        EXPECT_EQ(co_await queue.get(), 2);
    };
    run(main());
}

TEST(Queue, get_waits_while_it_is_empty) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        const Task<int> getter = create_task(get(queue));
        co_await turns(3);
        EXPECT_FALSE(getter.done());
        get_running_loop().call_soon([&] { queue.put_nowait(7); });
        EXPECT_EQ(co_await getter, 7);
    };
    run(main());
}

TEST(Queue, a_put_for_a_getter_that_waits_does_not_suspend) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        const Task<> putter = create_task(put(queue, 1));
        EXPECT_EQ(co_await queue.get(), 1);  // waits first: the putter has not begun
        EXPECT_TRUE(putter.done());
        const Task<int> getter = create_task(get(queue));
        co_await hocket::sleep(0);
        co_await queue.put(2);
        EXPECT_FALSE(getter.done());
        EXPECT_EQ(co_await getter, 2);
    };
    run(main());
}

TEST(Queue, producers_and_consumers_of_a_queue_of_one_get_everything_across) {
    auto main = []() -> Coro<> {
        Queue<int> queue(1);
        std::vector<Task<>> tasks;
        long sum = 0;
        for (int p = 0; p < 3; ++p) {
            tasks.push_back(create_task([&]() -> Coro<> {
                for (int i = 1; i <= 100; ++i) co_await queue.put(i);
            }));
            tasks.push_back(create_task([&]() -> Coro<> {
                for (int i = 1; i <= 100; ++i) sum += co_await queue.get();
            }));
        }
        for (const Task<>& t : tasks) co_await t;
        EXPECT_EQ(sum, 3 * 5050);
        EXPECT_TRUE(queue.empty());
    };
    run(main());
}

TEST(Queue, holds_items_that_can_only_be_moved) {
    auto main = []() -> Coro<> {
        Queue<std::unique_ptr<int>> queue(2);
        for (int i = 0; i < 10; ++i) {
            co_await queue.put(std::make_unique<int>(i));
            const auto item = co_await queue.get();
            EXPECT_EQ(*item, i);
        }
    };
    run(main());
}

TEST(Queue, takes_an_aggregate_in_braces) {
    struct Item {
        int number = 0;
        std::string text;
    };
    auto main = []() -> Coro<> {
        Queue<Item> queue;
        co_await queue.put({1, "a text that does not fit into a string's own buffer"});
        co_await queue.put({.text = "b"});
        const Item item = co_await queue.get();
        EXPECT_EQ(item.number, 1);
        EXPECT_EQ(item.text, "a text that does not fit into a string's own buffer");
        EXPECT_EQ(queue.get_nowait().text, "b");
    };
    run(main());
}

TEST(OnceQueue, an_item_whose_copy_fails_changes_nothing) {
    struct Fragile {
        int number;
        bool* fails;
        Fragile(int n, bool* f) : number(n), fails(f) {}
        Fragile(const Fragile& other) : number(other.number), fails(other.fails) {
            if (*fails && number == 2) throw RuntimeError("no copy");
        }
    };
    bool fails = false;
    Queue<Fragile> queue;
    for (int i = 0; i < 4; ++i) queue.put_nowait(Fragile(i, &fails));
    fails = true;
    EXPECT_EQ(thrown_by([&] { queue.put_nowait(Fragile(4, &fails)); }),
              "hocket::RuntimeError: no copy");  // while it grows
    EXPECT_EQ(queue.qsize(), 4u);
    fails = false;
    for (int i = 0; i < 4; ++i) EXPECT_EQ(queue.get_nowait().number, i);
}

// 65
TEST(OnceQueue, both_sides_belong_to_the_loop_of_the_first_task_that_waits) {
    Queue<int> queue(1);
    auto getting = [&]() -> Coro<> {
        const Task<int> getter = create_task(get(queue));
        co_await hocket::sleep(0);
        queue.put_nowait(1);
        co_await getter;
    };
    auto putting = [&]() -> Coro<> {
        co_await queue.put(1);
        co_await queue.put(2);
    };
    run(getting());
    EXPECT_EQ(thrown_by([&] { run(putting()); }), "hocket::RuntimeError: Queue is bound to a different event loop");
}

TEST(Queue, says_how_many_items_there_are) {
    auto main = []() -> Coro<> {
        Queue<int> queue(10), endless, other(1);
        const Task<int> getter = create_task(get(queue)), getter_of_endless = create_task(get(endless));
        other.put_nowait(1);
        const Task<> putter = create_task(put(other, 2));
        const Task<> joiner = create_task([](Queue<int>& q) -> Coro<> { co_await q.join(); }, std::ref(other));
        co_await hocket::sleep(0);
        EXPECT_EQ(capture_call_graph(*getter.state()).state, "waits for Queue.get, 0 of 10");
        EXPECT_EQ(capture_call_graph(*getter_of_endless.state()).state, "waits for Queue.get, 0");
        EXPECT_EQ(capture_call_graph(*putter.state()).state, "waits for Queue.put, 1 of 1");
        EXPECT_EQ(capture_call_graph(*joiner.state()).state, "waits for Queue.join, 1 unfinished");
        for (const AnyTask& t : {AnyTask(getter), AnyTask(getter_of_endless), AnyTask(putter), AnyTask(joiner)})
            t.cancel();
    };
    run(main());
}

}  // namespace
}  // namespace hocket
