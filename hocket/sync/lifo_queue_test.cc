// SPDX-License-Identifier: MIT
// The queue that gives the newest item first.
#include <hocket/sync/lifo_queue.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <functional>
#include <memory>

namespace hocket {
namespace {

using testing::Census;
using testing::thrown_by;

TEST(OnceLifoQueue, the_newest_item_leaves_first) {
    LifoQueue<int> queue;
    for (const int i : {1, 3, 2}) queue.put_nowait(i);
    EXPECT_EQ(queue.get_nowait(), 2);
    EXPECT_EQ(queue.get_nowait(), 3);
    EXPECT_EQ(queue.get_nowait(), 1);
    EXPECT_EQ(thrown_by([&] { queue.get_nowait(); }), "hocket::QueueEmpty: queue is empty");
}

TEST(LifoQueue, waits_on_both_sides_joins_and_shuts_down_as_a_queue_does) {
    auto main = []() -> Coro<> {
        LifoQueue<std::unique_ptr<int>> queue(1);
        const Task<> producer = create_task([&]() -> Coro<> {
            for (int i = 0; i < 5; ++i) co_await queue.put(std::make_unique<int>(i));
            co_await queue.join();
            queue.shutdown();
        });
        int next = 0;
        try {
            for (;;) {
                const auto item = co_await queue.get();
                EXPECT_EQ(*item, next++);
                queue.task_done();
            }
        } catch (const QueueShutDown&) {
            EXPECT_EQ(next, 5);
        }
    };
    run(main());
}

TEST(OnceLifoQueue, immediate_shutdown_drops_the_items) {
    Census census;
    LifoQueue<Census::Member> queue;
    for (int i = 0; i < 3; ++i) queue.put_nowait(census.member());
    queue.shutdown({.immediate = true});
    EXPECT_EQ(census.alive(), 0);
    EXPECT_EQ(thrown_by([&] { queue.get_nowait(); }), "hocket::QueueShutDown: queue is shut down");
}

TEST(LifoQueue, names_itself_in_the_await_graph) {
    auto main = []() -> Coro<> {
        LifoQueue<int> queue;
        const Task<int> getter =
            create_task([](LifoQueue<int>& q) -> Coro<int> { co_return co_await q.get(); }, std::ref(queue));
        co_await hocket::sleep(0);
        EXPECT_EQ(capture_call_graph(*getter.state()).state, "waits for LifoQueue.get, 0");
        queue.put_nowait(1);
        co_await getter;
    };
    run(main());
}

}  // namespace
}  // namespace hocket
