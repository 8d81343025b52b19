// SPDX-License-Identifier: MIT
// Queues, semaphores, conditions, task groups and executors in simulation: tasks run in any order, and are cancelled wherever they wait.
#include <hocket/hocket.h>
#include <hocket/sim/test.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;

std::chrono::milliseconds some_time(World& world, std::uint32_t below) {
    return std::chrono::milliseconds(world.choose(below));
}

Coro<> pause(World& world) { co_await hocket::sleep(some_time(world, 4)); }

// Cancels some of `tasks`, but not the first.
Coro<> cancels(World& world, const std::vector<Task<>>& tasks, int times) {
    for (int i = 0; i < times; ++i) {
        co_await hocket::sleep(some_time(world, 10));
        tasks[1 + world.choose(static_cast<std::uint32_t>(tasks.size() - 1))].cancel();
    }
}

Coro<> ends(const std::vector<Task<>>& tasks) {
    for (const Task<>& task : tasks) {
        try {
            co_await task;
        } catch (const CancelledError&) {
            EXPECT_TRUE(task.cancelled());
        }
    }
}

// ---- Queue

struct Goods {
    Queue<int> queue{2};
    std::vector<int> put, taken;
};

Coro<> puts(World& world, Goods& goods, int first) {
    for (int i = first; i < first + 8; ++i) {
        co_await pause(world);
        co_await goods.queue.put(i);
        goods.put.push_back(i);
    }
}

Coro<> takes(World& world, Goods& goods) {
    try {
        while (true) {
            goods.taken.push_back(co_await goods.queue.get());
            co_await pause(world);
        }
    } catch (const QueueShutDown&) {
        co_return;
    }
}

HOCKET_SIM_TEST(what_was_put_is_taken_once_whoever_is_cancelled, 1000) {
    Goods goods;
    std::vector<Task<>> putting, taking;
    for (int i = 0; i < 4; ++i) {
        putting.push_back(create_task(puts(world, goods, 10 * i)));
        taking.push_back(create_task(takes(world, goods)));
    }
    co_await gather(cancels(world, putting, 3), cancels(world, taking, 3));
    co_await ends(putting);
    goods.queue.shutdown();
    co_await ends(taking);
    while (!goods.queue.empty()) goods.taken.push_back(goods.queue.get_nowait());
    std::ranges::sort(goods.put);
    std::ranges::sort(goods.taken);
    EXPECT_EQ(goods.taken, goods.put);
}

HOCKET_SIM_TEST(no_item_is_lost_and_no_more_than_allowed_are_inside, 200) {
    constexpr int producers = 3, consumers = 3, each = 20;
    Queue<int> queue(2);
    Semaphore two(2);
    int inside = 0;
    std::vector<int> taken;
    co_await task_group([&](TaskGroup& group) -> Coro<> {
        static constexpr auto produce = [](World& w, Queue<int>& q, int first) -> Coro<> {
            for (int i = 0; i < each; ++i) {
                if (w.choose(2) == 1) co_await hocket::sleep(some_time(w, 5));
                co_await q.put(first + i);
            }
        };
        static constexpr auto consume = [](World& w, Queue<int>& q, Semaphore& s, int& in,
                                           std::vector<int>& all) -> Coro<> {
            while (true) {
                int item = 0;
                try {
                    // A cancel by the time that is up must not take an item with it.
                    item = co_await wait_for(q.get(), std::chrono::milliseconds(1 + w.choose(4)));
                } catch (const TimeoutError&) {
                    if (q.empty() && all.size() == std::size_t{producers} * each) co_return;
                    continue;
                }
                co_await s.acquire();
                EXPECT_LE(++in, 2);
                co_await hocket::sleep(some_time(w, 3));
                --in;
                s.release();
                all.push_back(item);
            }
        };
        for (int i = 0; i < producers; ++i) group.create_task(produce(world, queue, i * each));
        for (int i = 0; i < consumers; ++i) group.create_task(consume(world, queue, two, inside, taken));
        co_return;
    });
    EXPECT_EQ(inside, 0);
    std::ranges::sort(taken);
    EXPECT_EQ(taken.size(), std::size_t{producers} * each);
    for (std::size_t i = 0; i < taken.size(); ++i) EXPECT_EQ(taken[i], static_cast<int>(i));
}

// ---- Semaphore

Coro<> enters(World& world, Semaphore& three, int& inside) {
    for (int i = 0; i < 5; ++i) {
        const std::optional<Duration> limit = world.choose(2) == 1 ? std::optional(some_time(world, 5)) : std::nullopt;
        try {
            co_await timeout(limit, [&]() -> Coro<> { co_await three.acquire(); });
        } catch (const TimeoutError&) {
            continue;
        }
        EXPECT_LE(++inside, 3);
        struct Leaves {
            Semaphore& semaphore;
            int& count;
            ~Leaves() {
                --count;
                semaphore.release();
            }
        } const leaves{three, inside};
        co_await pause(world);
    }
}

HOCKET_SIM_TEST(no_permit_is_lost_with_who_waits_too_long_or_is_cancelled, 1000) {
    Semaphore three(3);
    int inside = 0;
    std::vector<Task<>> tasks;
    tasks.reserve(8);
    for (int i = 0; i < 8; ++i) tasks.push_back(create_task(enters(world, three, inside)));
    co_await cancels(world, tasks, 4);
    co_await ends(tasks);
    EXPECT_EQ(inside, 0);
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(three.locked());
        co_await three.acquire();
    }
    EXPECT_TRUE(three.locked());
}

// ---- Condition

// A shelf with room for two, whose users notify one at a time: one that is cancelled in that moment has to pass it on.
struct Shelf {
    Lock lock;
    Condition has_room{lock}, has_items{lock};
    std::vector<int> items;
    int stocked = 0, sold = 0, holders = 0;
};

// Takes a while, sometimes, in which nobody else has the lock.
Coro<> counts(World& world, Shelf& shelf) {
    const struct Holding {
        int& holders;
        explicit Holding(int& count) : holders(count) { EXPECT_EQ(++holders, 1); }
        Holding(const Holding&) = delete;
        ~Holding() { --holders; }
    } holding(shelf.holders);
    if (world.choose(2) == 1) co_await hocket::sleep(some_time(world, 2));
}

Coro<> stocks(World& world, Shelf& shelf) {
    for (int i = 0; i < 6; ++i) {
        co_await pause(world);
        const auto held = co_await shelf.lock.scoped();
        co_await counts(world, shelf);
        co_await shelf.has_room.wait_for([&] { return shelf.items.size() < 2; });
        shelf.items.push_back(shelf.stocked++);
        shelf.has_items.notify();
    }
}

Coro<> sells(World& world, Shelf& shelf) {
    while (true) {
        const auto held = co_await shelf.lock.scoped();
        co_await counts(world, shelf);
        co_await shelf.has_items.wait_for([&] { return !shelf.items.empty(); });
        EXPECT_EQ(shelf.items.front(), shelf.sold++);
        shelf.items.erase(shelf.items.begin());
        shelf.has_room.notify();
    }
}

HOCKET_SIM_TEST(no_notification_is_lost_with_who_is_cancelled, 1000) {
    Shelf shelf;
    std::vector<Task<>> stocking, selling;
    for (int i = 0; i < 4; ++i) {
        stocking.push_back(create_task(stocks(world, shelf)));
        selling.push_back(create_task(sells(world, shelf)));
    }
    co_await gather(cancels(world, stocking, 2), cancels(world, selling, 3));
    co_await ends(stocking);
    while (shelf.sold < shelf.stocked) co_await hocket::sleep(1ms);
    for (const Task<>& task : selling) task.cancel();
    co_await ends(selling);
    EXPECT_FALSE(shelf.lock.locked());
    EXPECT_TRUE(shelf.items.empty());
}

// ---- Task groups and time limits

std::size_t leaves_of(const ExceptionGroup& group) { return group.exceptions().size(); }

struct Family {
    int alive = 0;
    std::size_t thrown = 0;
};

Coro<> has_children(World& world, int depth);

Coro<> lives(World& world, Family& family, int depth) {
    const struct Alive {
        int& count;
        explicit Alive(int& c) : count(c) { ++count; }
        Alive(const Alive&) = delete;
        ~Alive() { --count; }
    } alive(family.alive);
    if (depth > 0) co_await has_children(world, depth - 1);
    bool is_cancelled = false;
    try {
        co_await pause(world);
    } catch (const CancelledError&) {
        is_cancelled = true;
    }
    if (is_cancelled) {
        if (world.choose(2) == 1) co_await pause(world);  // it takes its time
        if (world.choose(4) != 1) throw CancelledError();
    }
    if (is_cancelled || world.choose(8) == 1) {
        ++family.thrown;
        throw ValueError("of a child");
    }
}

// A group under a time limit. However it ends, its children have ended before, each of their errors comes out of it once, and a limit that
// has passed cancels nothing behind it.
Coro<> has_children(World& world, int depth) {
    Family family;
    const unsigned cancelling = current_task().cancelling();
    bool is_cancelled = false;
    try {
        co_await timeout(1ms + some_time(world, 8), task_group([&](TaskGroup& group) -> Coro<> {
                             const int children = 1 + static_cast<int>(world.choose(3));
                             for (int i = 0; i < children; ++i) group.create_task(lives(world, family, depth));
                             if (world.choose(2) == 1) co_await pause(world);
                         }));
        EXPECT_EQ(family.thrown, 0U);
    } catch (const TimeoutError&) {
        EXPECT_EQ(family.thrown, 0U);
    } catch (const ExceptionGroup& group) {
        EXPECT_EQ(leaves_of(group), family.thrown);
    } catch (const CancelledError&) {
        is_cancelled = true;
        EXPECT_GT(current_task().cancelling(), 0U);
    }
    EXPECT_EQ(family.alive, 0);
    if (is_cancelled) throw CancelledError();
    EXPECT_GE(current_task().cancelling(), cancelling);
    if (current_task().cancelling() == 0) co_await hocket::sleep(0);  // throws nothing
}

HOCKET_SIM_TEST(a_group_ends_after_its_children_and_with_their_errors, 1000) {
    std::vector<Task<>> tasks;
    tasks.reserve(3);
    for (int i = 0; i < 3; ++i) tasks.push_back(create_task(has_children(world, 2)));
    co_await cancels(world, tasks, 2);
    co_await ends(tasks);
}

// ---- Executors

HOCKET_SIM_TEST(a_job_that_was_not_cancelled_runs_once, 1000) {
    constexpr int jobs = 20;
    const auto runs = std::make_shared<std::vector<int>>(jobs);
    std::vector<Future<int>> results;
    for (int i = 0; i < jobs; ++i) {
        results.push_back(run_in_executor([runs, i] {
            ++(*runs)[static_cast<std::size_t>(i)];
            return i * i;
        }));
        if (world.choose(4) == 1) co_await pause(world);
        if (world.choose(4) == 1) results[world.choose(static_cast<std::uint32_t>(results.size()))].cancel();
    }
    if (world.choose(2) == 1) co_await shutdown_default_executor();
    for (int i = 0; i < jobs; ++i) {
        const Future<int>& result = results[static_cast<std::size_t>(i)];
        const int& count = (*runs)[static_cast<std::size_t>(i)];
        try {
            EXPECT_EQ(co_await result, i * i);
            EXPECT_EQ(count, 1);
        } catch (const CancelledError&) {
            EXPECT_TRUE(result.cancelled());
            EXPECT_LE(count, 1);
        }
    }
}

}  // namespace
}  // namespace hocket::sim
