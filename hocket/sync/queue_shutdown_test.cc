// SPDX-License-Identifier: MIT
// How queues end: join, shutdown, and destruction under who waits.
#include <hocket/sync/queue.h>

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::Census;
using testing::ending_of;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;
using testing::turns;

Coro<> put(Queue<int>& queue, int item) { co_await queue.put(item); }
Coro<int> get(Queue<int>& queue) { co_return co_await queue.get(); }

TEST(OnceQueueEnd, destroys_the_items_that_are_left) {
    Census census;
    {
        Queue<Census::Member> queue;
        for (int i = 0; i < 9; ++i) queue.put_nowait(census.member());
        for (int i = 0; i < 3; ++i) queue.get_nowait();
        for (int i = 0; i < 5; ++i) queue.put_nowait(census.member());
        EXPECT_EQ(census.alive(), 11);
    }
    EXPECT_EQ(census.alive(), 0);
}

// 69
TEST(OnceQueueEnd, one_task_done_too_many_throws) {
    Queue<int> queue;
    EXPECT_EQ(thrown_by([&] { queue.task_done(); }), "hocket::ValueError: task_done() called too many times");
    queue.put_nowait(1);
    queue.task_done();
    EXPECT_EQ(thrown_by([&] { queue.task_done(); }), "hocket::ValueError: task_done() called too many times");
}

TEST(QueueEnd, join_waits_until_every_item_is_done) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        int sum = 0;
        for (int i = 0; i < 100; ++i) queue.put_nowait(i);
        std::vector<Task<>> workers;
        for (int w = 0; w < 2; ++w) {
            workers.push_back(create_task([&]() -> Coro<> {
                for (;;) {
                    const int item = co_await queue.get();
                    co_await hocket::sleep(0);
                    sum += item;
                    queue.task_done();
                }
            }));
        }
        co_await queue.join();
        EXPECT_EQ(sum, 4950);
        for (const Task<>& w : workers) w.cancel();
    };
    run(main());
}

TEST(QueueEnd, join_on_an_unused_one_does_not_suspend) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        Trace trace;
        const Task<> other = create_task([&]() -> Coro<> {
            trace.note("other");
            co_return;
        });
        co_await queue.join();
        co_await queue.join();
        EXPECT_EQ(trace.taken(), "");
        co_await other;
    };
    run(main());
}

TEST(QueueEnd, an_item_that_is_only_taken_is_not_done) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        queue.put_nowait(1);
        const Task<> joiner = create_task([](Queue<int>& q) -> Coro<> { co_await q.join(); }, std::ref(queue));
        co_await queue.get();
        co_await turns(2);
        EXPECT_FALSE(joiner.done());
        queue.task_done();
        queue.put_nowait(2);  // too late to hold the joiner back
        co_await joiner;
    };
    run(main());
}

TEST(QueueEnd, a_cancelled_join_ends_alone) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        queue.put_nowait(1);
        auto join = [](Queue<int>& q) -> Coro<> { co_await q.join(); };
        const Task<> a = create_task(join(queue)), b = create_task(join(queue));
        co_await hocket::sleep(0);
        a.cancel();
        queue.task_done();
        co_await b;
        EXPECT_TRUE(a.cancelled());
    };
    run(main());
}

// 67
TEST(QueueEnd, after_shutdown_puts_throw_and_gets_drain_it_first) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        queue.put_nowait(1);
        queue.put_nowait(2);
        queue.shutdown();
        EXPECT_EQ(thrown_by([&] { queue.put_nowait(3); }), "hocket::QueueShutDown: queue is shut down");
        EXPECT_EQ(co_await ending_of(queue.put(3)), "hocket::QueueShutDown: queue is shut down");
        EXPECT_EQ(co_await queue.get(), 1);
        EXPECT_EQ(queue.get_nowait(), 2);
        EXPECT_EQ(co_await ending_of(queue.get()), "hocket::QueueShutDown: queue is shut down");
        EXPECT_EQ(thrown_by([&] { queue.get_nowait(); }), "hocket::QueueShutDown: queue is shut down");
        queue.shutdown();
    };
    run(main());
}

// 67
TEST(QueueEnd, shutdown_wakes_blocked_putters_with_an_error) {
    auto main = []() -> Coro<> {
        Queue<int> queue(1);
        queue.put_nowait(1);
        const Task<> a = create_task(put(queue, 2)), b = create_task(put(queue, 3));
        co_await hocket::sleep(0);
        queue.shutdown();
        EXPECT_EQ(queue.qsize(), 1u);
        EXPECT_EQ(co_await ending_of(a), "hocket::QueueShutDown: queue is shut down");
        EXPECT_EQ(co_await ending_of(b), "hocket::QueueShutDown: queue is shut down");
        EXPECT_EQ(co_await queue.get(), 1);
        EXPECT_TRUE(queue.empty());
    };
    run(main());
}

// 67
TEST(QueueEnd, shutdown_wakes_blocked_getters_with_an_error) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        const Task<int> a = create_task(get(queue)), b = create_task(get(queue));
        co_await hocket::sleep(0);
        queue.shutdown();
        EXPECT_EQ(co_await ending_of(a), "hocket::QueueShutDown: queue is shut down");
        EXPECT_EQ(co_await ending_of(b), "hocket::QueueShutDown: queue is shut down");
    };
    run(main());
}

// 67
TEST(QueueEnd, a_getter_woken_by_an_item_gets_it_though_shutdown_follows) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        const Task<int> a = create_task(get(queue)), b = create_task(get(queue));
        co_await hocket::sleep(0);
        queue.put_nowait(1);
        queue.shutdown();
        EXPECT_EQ(co_await a, 1);
        EXPECT_EQ(co_await ending_of(b), "hocket::QueueShutDown: queue is shut down");
    };
    run(main());
}

TEST(QueueEnd, shutdown_leaves_join_waiting_for_what_is_not_done) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        queue.put_nowait(1);
        const Task<> joiner = create_task([](Queue<int>& q) -> Coro<> { co_await q.join(); }, std::ref(queue));
        co_await hocket::sleep(0);
        queue.shutdown();
        co_await turns(2);
        EXPECT_FALSE(joiner.done());
        co_await queue.get();
        queue.task_done();
        co_await joiner;
        EXPECT_EQ(thrown_by([&] { queue.task_done(); }), "hocket::ValueError: task_done() called too many times");
    };
    run(main());
}

// 68
TEST(QueueEnd, immediate_shutdown_drops_the_items_and_releases_join) {
    auto main = []() -> Coro<> {
        Census census;
        Queue<Census::Member> queue;
        for (int i = 0; i < 3; ++i) queue.put_nowait(census.member());
        const Task<> joiner = create_task([&]() -> Coro<> { co_await queue.join(); });
        co_await hocket::sleep(0);
        queue.shutdown({.immediate = true});
        EXPECT_EQ(census.alive(), 0);
        EXPECT_EQ(queue.qsize(), 0u);
        co_await joiner;
        EXPECT_EQ(thrown_by([&] { queue.get_nowait(); }), "hocket::QueueShutDown: queue is shut down");
        EXPECT_EQ(thrown_by([&] { queue.task_done(); }), "hocket::ValueError: task_done() called too many times");
    };
    run(main());
}

// 68
TEST(QueueEnd, immediate_shutdown_leaves_join_waiting_for_an_item_in_work) {
    auto main = []() -> Coro<> {
        Queue<int> queue;
        queue.put_nowait(1);
        queue.put_nowait(2);
        const Task<> joiner = create_task([](Queue<int>& q) -> Coro<> { co_await q.join(); }, std::ref(queue));
        EXPECT_EQ(co_await queue.get(), 1);
        queue.shutdown({.immediate = true});
        co_await turns(2);
        EXPECT_FALSE(joiner.done());
        queue.task_done();
        co_await joiner;
    };
    run(main());
}

TEST(QueueEnd, destroyed_it_tells_everybody_who_waits_for_it) {
    auto main = []() -> Coro<> {
        auto queue = std::make_unique<Queue<int>>(1);
        const Task<int> getter = create_task(get(*queue));
        co_await hocket::sleep(0);
        queue.reset();
        EXPECT_EQ(co_await ending_of(getter), "hocket::RuntimeError: Queue was destroyed while 1 task waited for it");

        queue = std::make_unique<Queue<int>>(1);
        queue->put_nowait(1);
        const Task<> putter = create_task(put(*queue, 2));
        const Task<> joiner = create_task([](Queue<int>& q) -> Coro<> { co_await q.join(); }, std::ref(*queue));
        co_await hocket::sleep(0);
        queue.reset();
        EXPECT_EQ(co_await ending_of(putter), "hocket::RuntimeError: Queue was destroyed while 1 task waited for it");
        EXPECT_EQ(co_await ending_of(joiner), "hocket::RuntimeError: Queue was destroyed while 1 task waited for it");
    };
    run(main());
}

TEST(QueueEnd, destroyed_it_also_tells_a_getter_that_was_woken_and_has_not_run) {
    auto main = []() -> Coro<> {
        auto queue = std::make_unique<Queue<int>>();
        const Task<int> a = create_task(get(*queue)), b = create_task(get(*queue)),
                        cancelled = create_task(get(*queue));
        co_await hocket::sleep(0);
        for (int i = 0; i < 3; ++i) queue->put_nowait(i);
        cancelled.cancel();
        queue.reset();
        EXPECT_EQ(co_await ending_of(a), "hocket::RuntimeError: Queue was destroyed while 3 tasks waited for it");
        EXPECT_EQ(co_await ending_of(b), "hocket::RuntimeError: Queue was destroyed while 3 tasks waited for it");
        EXPECT_EQ(co_await ending_of(cancelled), "hocket::CancelledError");
    };
    run(main());
}

TEST(QueueEnd, workers_that_wait_when_the_run_ends_are_cancelled_quietly) {
    Reports reports;
    Trace trace;
    auto main = [&]() -> Coro<> {
        Queue<int> queue;
        for (int w = 0; w < 3; ++w) {
            create_task(
                [&](Queue<int>& q) -> Coro<> {
                    for (;;) {
                        trace.note(co_await q.get());
                        q.task_done();
                    }
                },
                std::ref(queue));
        }
        for (int i = 0; i < 5; ++i) co_await queue.put(i);
        co_await queue.join();
    };
    run(main());
    EXPECT_EQ(trace.taken(), "0 1 2 3 4");
    EXPECT_EQ(reports.taken(), "");
}

}  // namespace
}  // namespace hocket
