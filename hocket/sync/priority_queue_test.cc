// SPDX-License-Identifier: MIT
// The queue that gives the smallest item first.
#include <hocket/sync/priority_queue.h>

#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using testing::Census;
using testing::thrown_by;
using testing::Trace;

TEST(OncePriorityQueue, the_smallest_item_leaves_first) {
    PriorityQueue<int> queue;
    for (const int i : {1, 3, 2}) queue.put_nowait(i);
    EXPECT_EQ(queue.get_nowait(), 1);
    EXPECT_EQ(queue.get_nowait(), 2);
    EXPECT_EQ(queue.get_nowait(), 3);
    EXPECT_EQ(thrown_by([&] { queue.get_nowait(); }), "hocket::QueueEmpty: queue is empty");
}

TEST(OncePriorityQueue, any_mixture_of_puts_and_gets_gives_the_smallest) {
    std::mt19937 random(1);
    PriorityQueue<unsigned> queue;
    std::vector<unsigned> model;
    for (int i = 0; i < 5000; ++i) {
        if (model.empty() || random() % 3 != 0) {
            model.push_back(static_cast<unsigned>(random()) % 50);
            queue.put_nowait(model.back());
        } else {
            const auto smallest = std::min_element(model.begin(), model.end());
            ASSERT_EQ(queue.get_nowait(), *smallest);
            model.erase(smallest);
        }
    }
}

struct ByPriority {
    template <class T>
    bool operator()(const T& a, const T& b) const {
        return a.first < b.first;
    }
};

TEST(OncePriorityQueue, equal_items_leave_in_the_order_in_which_they_came) {
    PriorityQueue<std::pair<int, int>, ByPriority> queue;
    for (int i = 0; i < 100; ++i) queue.put_nowait({i % 3, i});
    std::pair<int, int> before(-1, -1);
    while (!queue.empty()) {
        const auto item = queue.get_nowait();
        EXPECT_LT(before, item);
        before = item;
    }
}

TEST(OncePriorityQueue, another_comparison_gives_another_order) {
    struct Greater {
        bool operator()(int a, int b) const { return a > b; }
    };
    PriorityQueue<int, Greater> queue;
    for (const int i : {1, 3, 2}) queue.put_nowait(i);
    EXPECT_EQ(queue.get_nowait(), 3);
}

TEST(OncePriorityQueue, a_comparison_that_throws_loses_nothing) {
    struct Fussy {
        bool* throws;
        bool operator()(int a, int b) const {
            if (*throws) throw RuntimeError("cannot compare");
            return a < b;
        }
    };
    static bool throws = false;
    struct Compare {
        bool operator()(int a, int b) const { return Fussy{&throws}(a, b); }
    };
    PriorityQueue<int, Compare> queue;
    for (const int i : {5, 3, 4}) queue.put_nowait(i);
    throws = true;
    EXPECT_EQ(thrown_by([&] { queue.put_nowait(1); }), "hocket::RuntimeError: cannot compare");
    EXPECT_EQ(queue.qsize(), 3u);
    EXPECT_EQ(thrown_by([&] { queue.get_nowait(); }), "hocket::RuntimeError: cannot compare");
    EXPECT_EQ(queue.qsize(), 3u);
    throws = false;
    int sum = 0;
    while (!queue.empty()) sum += queue.get_nowait();
    EXPECT_EQ(sum, 12);
}

// Throws at one comparison: the one that brings `left` to 0.
struct Fragile {
    static inline int left = 0;
    bool operator()(int a, int b) const {
        if (--left == 0) throw RuntimeError("cannot compare");
        return a < b;
    }
};

TEST(OncePriorityQueue, a_comparison_that_throws_leaves_the_items_in_order) {
    for (int at = 1; at <= 8; ++at) {
        PriorityQueue<int, Fragile> queue;
        for (const int i : {4, 1, 9, 2, 6, 0, 3, 8, 7, 5}) queue.put_nowait(i);
        Fragile::left = at;
        int next = thrown_by([&] { queue.get_nowait(); }) == "nothing" ? 1 : 0;
        Fragile::left = 0;
        while (!queue.empty()) EXPECT_EQ(queue.get_nowait(), next++) << "after a throw at comparison " << at;
        EXPECT_EQ(next, 10);
    }
}

TEST(OncePriorityQueue, an_item_whose_comparison_throws_is_still_the_callers) {
    struct ByValue {
        bool operator()(const std::unique_ptr<int>& a, const std::unique_ptr<int>& b) const {
            return Fragile()(*a, *b);
        }
    };
    PriorityQueue<std::unique_ptr<int>, ByValue> queue;
    queue.put_nowait(std::make_unique<int>(2));
    auto item = std::make_unique<int>(1);
    Fragile::left = 1;
    EXPECT_EQ(thrown_by([&] { queue.put_nowait(std::move(item)); }), "hocket::RuntimeError: cannot compare");
    EXPECT_TRUE(item);
    queue.put_nowait(std::move(item));
    EXPECT_EQ(*queue.get_nowait(), 1);
}

TEST(PriorityQueue, a_comparison_that_throws_in_a_task_leaves_the_wakeup_to_the_next) {
    auto main = []() -> Coro<> {
        PriorityQueue<int, Fragile> queue;
        const auto get = [&]() -> Coro<int> { co_return co_await queue.get(); };
        std::vector<Task<int>> getters;
        for (int i = 0; i < 4; ++i) getters.push_back(create_task(get()));
        co_await testing::turns(1);
        for (const int i : {1, 2, 3}) queue.put_nowait(i);
        Fragile::left = 1;
        co_await testing::turns(3);
        EXPECT_EQ(co_await testing::ending_of(getters[0]), "hocket::RuntimeError: cannot compare");
        EXPECT_TRUE(getters[3].done());
        getters[3].cancel();
        EXPECT_TRUE(queue.empty());

        PriorityQueue<int, Fragile> full(2);
        for (const int i : {1, 2}) full.put_nowait(i);
        const auto put = [&]() -> Coro<> { co_await full.put(3); };
        const Task<> first = create_task(put()), second = create_task(put());
        co_await testing::turns(1);
        Fragile::left = 1;
        full.get_nowait();
        co_await testing::turns(3);
        EXPECT_EQ(co_await testing::ending_of(first), "hocket::RuntimeError: cannot compare");
        EXPECT_TRUE(second.done());
        second.cancel();
    };
    run(main());
}

TEST(PriorityQueue, waits_on_both_sides_joins_and_shuts_down_as_a_queue_does) {
    auto main = []() -> Coro<> {
        using Item = std::pair<int, std::unique_ptr<std::string>>;
        PriorityQueue<Item, ByPriority> queue(2);
        Trace trace;
        const Task<> producer = create_task([&]() -> Coro<> {
            for (const int i : {5, 4, 3, 2, 1})
                co_await queue.put({i, std::make_unique<std::string>(std::to_string(i))});
            co_await queue.join();
            queue.shutdown();
        });
        try {
            for (;;) {
                const Item item = co_await queue.get();
                trace.note(*item.second);
                queue.task_done();
            }
        } catch (const QueueShutDown&) {
            EXPECT_EQ(trace.taken(), "4 5 2 3 1");
        }
    };
    run(main());
}

TEST(OncePriorityQueue, immediate_shutdown_drops_the_items) {
    Census census;
    struct Always {
        bool operator()(const Census::Member&, const Census::Member&) const { return false; }
    };
    PriorityQueue<Census::Member, Always> queue;
    for (int i = 0; i < 3; ++i) queue.put_nowait(census.member());
    queue.shutdown({.immediate = true});
    EXPECT_EQ(census.alive(), 0);
}

TEST(PriorityQueue, names_itself_in_the_await_graph) {
    auto main = []() -> Coro<> {
        PriorityQueue<int> queue;
        const Task<int> getter =
            create_task([](PriorityQueue<int>& q) -> Coro<int> { co_return co_await q.get(); }, std::ref(queue));
        co_await hocket::sleep(0);
        EXPECT_EQ(capture_call_graph(*getter.state()).state, "waits for PriorityQueue.get, 0");
        queue.put_nowait(1);
        co_await getter;
    };
    run(main());
}

}  // namespace
}  // namespace hocket
