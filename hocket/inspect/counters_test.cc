// SPDX-License-Identifier: MIT
// What is counted of tasks and loops, in a time that goes on only where a test says so.
#include <hocket/inspect/counters.h>

#include <hocket/hocket.h>
#include <hocket/inspect/snapshot.h>
#include <hocket/io/virtual_backend.h>

#include <tests/support/allocations.h>
#include <tests/support/child.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t ms = 1'000'000;

// What a step does that takes so long.
void work(std::chrono::nanoseconds time) {
    dynamic_cast<VirtualBackend&>(get_running_loop().backend()).advance(time.count());
}

// Counts from its second step on.
template <class F>
void counting(F test) {
    const auto amain = [](F f) -> Coro<> {
        start_counting(get_running_loop());
        co_await hocket::sleep(0s);  // the loop counts from its next iteration on
        co_await f();
        stop_counting(get_running_loop());
    };
    run(amain(std::move(test)),
        {.loop_factory = [] { return Unique<EventLoop>::make(Unique<VirtualBackend>::make()); }});
}

TEST(OnceHistogram, counts_by_powers_of_two) {
    Histogram h;
    EXPECT_EQ(h.total(), 0U);
    EXPECT_EQ(h.quantile(0.5), 0);
    for (const std::int64_t ns : {-5L, 0L, 1023L}) h.add(ns);
    h.add(1024);
    h.add(2047);
    h.add(INT64_MAX);
    EXPECT_EQ(h.counts[0], 3U);
    EXPECT_EQ(h.counts[1], 2U);
    EXPECT_EQ(h.counts.back(), 1U);
    EXPECT_EQ(h.total(), 6U);
    EXPECT_EQ(Histogram::upper_end(0), 1024);
    EXPECT_EQ(Histogram::upper_end(1), 2048);
    EXPECT_EQ(Histogram::upper_end(h.counts.size() - 1), INT64_MAX);
    EXPECT_EQ(h.quantile(0), 1024);
    EXPECT_EQ(h.quantile(0.5), 1024);
    EXPECT_EQ(h.quantile(0.51), 2048);
    EXPECT_EQ(h.quantile(0.83), 2048);
    EXPECT_EQ(h.quantile(1), INT64_MAX);
}

TEST(OnceCounters, tell_busy_scheduled_and_idle_time) {
    counting([]() -> Coro<> {
        Event begin;
        const auto job = [](Event& event) -> Coro<> {
            work(1ms);
            co_await event.wait();
            work(2ms);
            co_await hocket::sleep(10ms);
            work(4ms);
            co_await Event().wait();
        };
        const Task<> task = create_task(job(begin));
        co_await hocket::sleep(0s);  // its first step
        work(100ms);
        begin.set();
        work(7ms);                   // when it has been woken, but the step that did it goes on: not its own time
        co_await hocket::sleep(1s);  // it works, sleeps for 10 ms, works, and waits
        const TaskCounters c = counters_of(task);
        EXPECT_EQ(c.resumes, 3U);
        EXPECT_EQ(c.wakes, 3U);
        EXPECT_EQ(c.self_wakes, 0U);
        EXPECT_EQ(c.busy, 7 * ms);
        EXPECT_EQ(c.longest_busy, 4 * ms);
        EXPECT_EQ(c.scheduled, 0);
        EXPECT_EQ(c.idle, (107 + 10) * ms);
        EXPECT_EQ(c.steps.total(), 3U);
        EXPECT_EQ(c.steps.quantile(1), Histogram::upper_end(12));  // 4 ms are 3.8 times 2^20 ns
        EXPECT_EQ(c.delays.counts[0], 3U);
    });
}

TEST(OnceCounters, one_that_is_ready_is_scheduled_while_others_run) {
    counting([]() -> Coro<> {
        const auto works = [](std::chrono::nanoseconds time) -> Coro<> {
            for (int i = 0; i < 3; ++i) {
                work(time);
                co_await hocket::sleep(0s);
            }
            co_await Event().wait();
        };
        const Task<> first = create_task(works(3ms)), second = create_task(works(5ms));
        co_await hocket::sleep(1s);
        const TaskCounters a = counters_of(first), b = counters_of(second);
        EXPECT_EQ(a.resumes, 4U);
        EXPECT_EQ(a.self_wakes, 3U);
        EXPECT_EQ(a.busy, 9 * ms);
        EXPECT_EQ(a.scheduled, 15 * ms);  // the other's three steps
        EXPECT_EQ(a.longest_scheduled, 5 * ms);
        EXPECT_EQ(a.idle, 0);
        EXPECT_EQ(b.busy, 15 * ms);
        EXPECT_EQ(b.scheduled, 9 * ms);
        EXPECT_EQ(b.longest_scheduled, 3 * ms);
        const LoopCounters loop = counters_of(get_running_loop());
        EXPECT_EQ(loop.busy, 24 * ms);
        EXPECT_EQ(loop.created, 2U);
        EXPECT_EQ(loop.ended, 0U);
        EXPECT_EQ(loop.steps.counts[12], 3U);  // those of 3 ms
        EXPECT_EQ(loop.steps.counts[13], 3U);
        EXPECT_GE(loop.counted, 24 * ms);
    });
}

// The step of an eager task stands inside its creator's.
TEST(OnceCounters, an_eager_step_is_not_its_creators_time) {
    counting([]() -> Coro<> {
        const auto inner = []() -> Coro<> {
            work(20ms);
            co_await Event().wait();
        };
        const auto outer = [](auto eager) -> Coro<> {
            work(1ms);
            const Task<> task = create_task(eager(), {.eager_start = true});
            work(2ms);
            EXPECT_EQ(counters_of(task).busy, 20 * ms);
            co_await Event().wait();
        };
        const Task<> task = create_task(outer(inner));
        co_await hocket::sleep(1ms);
        EXPECT_EQ(counters_of(task).busy, 3 * ms);
        EXPECT_EQ(counters_of(task).resumes, 1U);
        EXPECT_EQ(counters_of(get_running_loop()).busy, 23 * ms);
    });
}

TEST(OnceCounters, a_task_that_ends_is_forgotten) {
    counting([]() -> Coro<> {
        const auto ends = []() -> Coro<> { co_await hocket::sleep(0s); };
        const Task<> task = create_task(ends()), never_begun = create_task(ends());
        never_begun.cancel();
        co_await task;
        EXPECT_TRUE(never_begun.cancelled());
        EXPECT_EQ(counters_of(task).resumes, 0U);
        EXPECT_EQ(counters_of(get_running_loop()).created, 2U);
        EXPECT_EQ(counters_of(get_running_loop()).ended, 2U);
    });
}

TEST(OnceCounters, callbacks_count_for_their_loop) {
    counting([]() -> Coro<> {
        const LoopCounters before = counters_of(get_running_loop());
        get_running_loop().call_soon([] { work(2ms); });
        co_await hocket::sleep(0s);
        const LoopCounters after = counters_of(get_running_loop());
        EXPECT_EQ(after.callbacks - before.callbacks, 1U);
        EXPECT_EQ(after.busy - before.busy, 2 * ms);
        EXPECT_EQ(after.steps.total() - before.steps.total(), after.steps_made - before.steps_made);
        EXPECT_GT(after.iterations, before.iterations);
    });
}

// A waiter of a queue may be woken for an item that another takes: it waits on without a step.
TEST(OnceCounters, one_that_finds_its_gate_closed_again_waits_on) {
    counting([]() -> Coro<> {
        Queue<int> queue;
        const auto take = [](Queue<int>& from) -> Coro<> { co_await from.get(); };
        const Task<> task = create_task(take(queue));
        co_await hocket::sleep(1ms);
        queue.put_nowait(1);
        queue.get_nowait();
        co_await hocket::sleep(5ms);
        EXPECT_EQ(counters_of(task).resumes, 1U);
        EXPECT_EQ(counters_of(task).scheduled, 0);
        queue.put_nowait(2);
        co_await task;
    });
}

TEST(OnceCounters, a_run_inside_a_step_is_not_its_time) {
    counting([]() -> Coro<> {
        const auto outer = []() -> Coro<> {
            work(1ms);
            const auto inner = []() -> Coro<> {
                work(50ms);
                co_await hocket::sleep(5ms);
            };
            nested_run(inner());
            work(2ms);
            co_await Event().wait();
        };
        const Task<> task = create_task(outer());
        co_await hocket::sleep(1s);
        EXPECT_EQ(counters_of(task).busy, 3 * ms);
        EXPECT_EQ(counters_of(get_running_loop()).busy, 53 * ms);
    });
}

TEST(OnceCounters, ready_tasks_in_any_order_are_counted_right) {
    counting([]() -> Coro<> {
        get_running_loop().set_shuffle(true);
        const auto gives_way = []() -> Coro<> {
            for (int i = 0; i < 20; ++i) co_await hocket::sleep(0s);
            co_await Event().wait();
        };
        std::vector<Task<>> tasks;
        tasks.reserve(5);
        for (int i = 0; i < 5; ++i) tasks.push_back(create_task(gives_way()));
        co_await hocket::sleep(1s);
        for (const Task<>& task : tasks) {
            const TaskCounters c = counters_of(task);
            EXPECT_EQ(c.resumes, 21U);
            EXPECT_EQ(c.wakes, 21U);
            EXPECT_EQ(c.self_wakes, 20U);
            EXPECT_EQ(c.delays.total(), 21U);
        }
    });
}

// Refuses all memory that is asked for with `new`, as long as it lives.
class NoMemory {
public:
    NoMemory() { testing::refused_from = 0; }
    NoMemory(const NoMemory&) = delete;
    NoMemory& operator=(const NoMemory&) = delete;
    ~NoMemory() { testing::refused_from = SIZE_MAX; }
};

TEST(OnceCounters, what_there_is_no_memory_to_count_is_left_out) {
    if (!HOCKET_POOL) GTEST_SKIP() << "sanitizers have their own operator new";
    counting([]() -> Coro<> {
        const Task<> task = create_task([]() -> Coro<> {
            for (;;) {
                work(1ms);
                co_await hocket::sleep(0s);
            }
        }());
        const LoopCounters before = counters_of(get_running_loop());
        {
            const NoMemory refused;
            for (int i = 0; i < 3; ++i) co_await hocket::sleep(0s);
        }
        EXPECT_EQ(counters_of(task).resumes, 0U);
        EXPECT_EQ(counters_of(get_running_loop()).busy - before.busy, 3 * ms);  // the loop's own are there
        co_await hocket::sleep(0s);
        EXPECT_EQ(counters_of(task).resumes, 1U);
        EXPECT_EQ(counters_of(task).busy, 1 * ms);
        task.cancel();
    });
}

Coro<> nest(int levels) {
    work(1ms);
    if (levels > 1) create_task(nest(levels - 1), {.eager_start = true});
    work(1ms);
    co_return;
}

// The time of those for which there is none is that of the step around them.
TEST(OnceCounters, steps_inside_each_other_need_no_memory) {
    if (!HOCKET_POOL) GTEST_SKIP() << "sanitizers have their own operator new";
    counting([]() -> Coro<> {
        const LoopCounters before = counters_of(get_running_loop());
        {
            const NoMemory refused;
            create_task(nest(100), {.eager_start = true});
        }
        create_task(nest(100), {.eager_start = true});
        const LoopCounters after = counters_of(get_running_loop());
        EXPECT_EQ(after.steps_made - before.steps_made, 200U);
        EXPECT_EQ(after.busy - before.busy, 400 * ms);
        EXPECT_GE(after.steps.counts[11] - before.steps.counts[11], 100U);  // of 2 ms each, where there is memory
        co_return;
    });
}

TEST(OnceCounters, a_child_of_a_fork_counts_for_itself) {
    counting([]() -> Coro<> {
        EXPECT_EQ(testing::in_child([] {
                      std::uint64_t resumes = 0;
                      std::thread([&resumes] {  // where no loop runs
                          counting([&resumes]() -> Coro<> {
                              co_await hocket::sleep(0s);
                              resumes = counters_of(current_task()).resumes;
                          });
                      })
                          .join();
                      return static_cast<int>(resumes);
                  }),
                  2);
        co_return;
    });
}

TEST(OnceCounters, all_is_zero_where_nothing_is_counted) {
    const auto amain = []() -> Coro<> {
        co_await hocket::sleep(0s);
        EXPECT_EQ(counters_of(current_task()).resumes, 0U);
        EXPECT_EQ(counters_of(get_running_loop()).iterations, 0U);
        stop_counting(get_running_loop());
        start_counting(get_running_loop());
        start_counting(get_running_loop());
        stop_counting(get_running_loop());
        start_counting(get_running_loop());  // inside the step that had been counted: it is not
        co_await hocket::sleep(0s);
        EXPECT_EQ(counters_of(current_task()).resumes, 1U);
    };  // the loop closes while it counts
    run(amain());
}

TEST(OnceCounters, stand_in_snapshots) {
    counting([]() -> Coro<> {
        const Task<> task = create_task([]() -> Coro<> {
            work(3ms);
            co_await Event().wait();
        }());
        co_await hocket::sleep(1ms);
        Snapshot s;
        s.loops.push_back(snapshot_of(get_running_loop()));
        s.loops.push_back(snapshot_of(get_running_loop(), false));
        const Snapshot again = from_lines(to_lines(s));
        const LoopSnapshot& loop = again.loops[0];
        EXPECT_TRUE(loop.counters.has_value());
        EXPECT_EQ(loop.task_counters.size(), 2U);
        if (!loop.counters || loop.task_counters.size() != 2) co_return;
        EXPECT_EQ(loop.counters->busy, 3 * ms);
        EXPECT_EQ(loop.counters->created, 1U);
        EXPECT_EQ(loop.counters->steps.total(), s.loops[0].counters->steps.total());
        EXPECT_EQ(loop.task_counters[1].busy, 3 * ms);
        EXPECT_EQ(loop.task_counters[1].resumes, 1U);
        EXPECT_EQ(loop.task_counters[1].steps.total(), 1U);
        EXPECT_FALSE(again.loops[1].counters.has_value());
        EXPECT_TRUE(again.loops[1].task_counters.empty());
    });
}

}  // namespace
}  // namespace hocket::inspect
