// SPDX-License-Identifier: MIT
// Which tasks of a snapshot wait for good.
#include <hocket/inspect/detectors.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hocket::inspect {
namespace {

using State = TaskSnapshot::State;

TaskSnapshot task(RemoteAddress id, std::string name, std::vector<RemoteAddress> awaited,
                  State state = State::waiting) {
    TaskSnapshot t;
    t.id = id;
    t.name = std::move(name);
    t.state = state;
    t.awaits = "something";
    t.awaited = std::move(awaited);
    return t;
}

LoopSnapshot idle_loop(std::vector<TaskSnapshot> tasks) {
    LoopSnapshot loop;
    loop.thread = 1;
    loop.stood = true;
    loop.pending.emplace();
    loop.tasks = std::move(tasks);
    return loop;
}

// `await cycle of a; lost wake of b`
std::string found_in(const LoopSnapshot& loop) {
    std::string all;
    for (const Finding& f : stuck_tasks(loop, Sources::of_process(getpid())))
        all += (all.empty() ? "" : "; ") + std::string(name_of(f.kind)) + " of " + f.task;
    return all;
}

TEST(OnceStuckTasks, a_cycle_is_found_whatever_else_goes_on) {
    LoopSnapshot loop =
        idle_loop({task(1, "main", {2, 3}), task(2, "a", {3}), task(3, "b", {2}), task(4, "busy", {}, State::ready)});
    loop.pending->timers = loop.pending->operations = loop.pending->outside = 7;
    EXPECT_EQ(found_in(loop), "await cycle of a");
    const Finding f = stuck_tasks(loop, Sources::of_process(getpid())).front();
    EXPECT_EQ(f.text,
              "tasks wait for each other, and none of them can go on:\na: waits for something\nb: waits for something");
}

TEST(OnceStuckTasks, a_cycle_of_one_and_two_cycles) {
    EXPECT_EQ(found_in(idle_loop({task(1, "self", {1})})), "await cycle of self");
    EXPECT_EQ(found_in(idle_loop({task(1, "a", {2}), task(2, "b", {1}), task(3, "c", {4}), task(4, "d", {3})})),
              "await cycle of a; await cycle of c");
}

TEST(OnceStuckTasks, whoever_waits_for_one_that_may_go_on_is_not_stuck) {
    EXPECT_EQ(found_in(idle_loop({task(1, "a", {2}), task(2, "b", {1, 3}), task(3, "runs", {}, State::ready)})), "");
    EXPECT_EQ(found_in(idle_loop({task(1, "a", {2}), task(2, "b", {1, 99})})), "");
}

TEST(OnceStuckTasks, a_timeout_ends_a_cycle) {
    LoopSnapshot loop = idle_loop({task(1, "a", {2}), task(2, "b", {1})});
    loop.tasks[1].is_limited = true;
    EXPECT_EQ(found_in(loop), "");
}

TEST(OnceStuckTasks, a_wake_is_lost_where_nothing_goes_on) {
    LoopSnapshot loop = idle_loop({task(1, "main", {2}), task(2, "consumer", {})});
    EXPECT_EQ(found_in(loop), "lost wake of consumer");
    for (std::uint64_t Pending::* const counted : {&Pending::timers, &Pending::operations, &Pending::outside}) {
        (*loop.pending).*counted = 1;
        EXPECT_EQ(found_in(loop), "");
        (*loop.pending).*counted = 0;
    }
    for (bool Pending::* const known : {&Pending::callbacks, &Pending::signals}) {
        (*loop.pending).*known = true;
        EXPECT_EQ(found_in(loop), "");
        (*loop.pending).*known = false;
    }
    loop.tasks.push_back(task(3, "other", {}, State::not_started));
    EXPECT_EQ(found_in(loop), "");
}

TEST(OnceStuckTasks, of_a_loop_that_did_not_stand_or_does_not_run_nothing_is_said) {
    LoopSnapshot loop = idle_loop({task(1, "self", {1})});
    loop.thread = 0;
    EXPECT_EQ(found_in(loop), "");
    loop.thread = 1;
    loop.pending.reset();
    EXPECT_EQ(found_in(loop), "");
}

TEST(OnceStuckTasks, a_long_chain_takes_no_longer_than_its_length) {
    std::vector<TaskSnapshot> tasks;
    constexpr RemoteAddress n = 100'000;
    tasks.reserve(n);
    for (RemoteAddress id = 1; id < n; ++id) tasks.push_back(task(id, "t", {id + 1}));
    tasks.push_back(task(n, "last", {n}));
    EXPECT_EQ(found_in(idle_loop(std::move(tasks))), "await cycle of last");
}

}  // namespace
}  // namespace hocket::inspect
