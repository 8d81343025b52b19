// SPDX-License-Identifier: MIT
// What a snapshot says of each task, as lines and as a graph.
#include <hocket/inspect/snapshot.h>

#include <hocket/base/here.h>
#include <hocket/base/symbols.h>
#include <hocket/core/await_graph.h>
#include <hocket/inspect/remote.h>
#include <hocket/io/runner.h>
#include <hocket/sync/lock.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <chrono>
#include <string>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;
using State = TaskSnapshot::State;

const TaskSnapshot& named(const LoopSnapshot& loop, const std::string& name) {
    static const TaskSnapshot none;
    for (const TaskSnapshot& t : loop.tasks) {
        if (t.name == name) return t;
    }
    ADD_FAILURE() << "no task " << name;
    return none;
}

Coro<> rest() { co_await hocket::sleep(90s); }
Coro<> rest_deeper() { co_await rest(); }
Coro<> take(Lock& lock) { co_await lock.acquire(); }
template <class T>
Coro<> join(T task) {
    co_await task;
}
Coro<> nothing() { co_return; }

Coro<> amid_tasks(void (*look)(const LoopSnapshot&)) {
    Lock lock;
    co_await lock.acquire();
    const Task<> sleeper = create_task(rest_deeper(), {.name = "sleeper"});
    const Task<> boss = create_task(join(sleeper), {.name = "boss"});
    const Task<> queued = create_task(take(lock), {.name = "queued"});
    const Task<> asked_to_end = create_task(rest(), {.name = "asked"});
    co_await hocket::sleep(1ms);
    const Task<> new_one = create_task(nothing(), {.name = "new"});
    asked_to_end.cancel();
    look(snapshot_of(get_running_loop()));
    lock.release();
    boss.cancel();
    co_await queued;
}

TEST(Snapshot, tells_each_tasks_state_and_what_it_awaits) {
    run(amid_tasks([](const LoopSnapshot& loop) {
        EXPECT_EQ(loop.tasks.size(), 6U);
        EXPECT_EQ(loop.backend, std::string(get_running_loop().backend().name()));
        EXPECT_EQ(named(loop, "Task-1").state, State::running);
        EXPECT_TRUE(named(loop, "Task-1").frames.empty());
        EXPECT_EQ(named(loop, "new").state, State::not_started);
        EXPECT_EQ(named(loop, "asked").state, State::ready);
        EXPECT_EQ(named(loop, "asked").cancels, 1U);
        const TaskSnapshot& sleeper = named(loop, "sleeper");
        EXPECT_EQ(sleeper.state, State::waiting);
        EXPECT_EQ(sleeper.frames.size(), 2U);
        EXPECT_TRUE(sleeper.awaits.starts_with("sleep, 89.9")) << sleeper.awaits;
        EXPECT_EQ(named(loop, "boss").awaited, std::vector<RemoteAddress>{sleeper.id});
        EXPECT_EQ(named(loop, "queued").awaits, "Lock held by Task-1");
        EXPECT_EQ(named(loop, "queued").awaited, std::vector<RemoteAddress>{named(loop, "Task-1").id});
    }));
}

TEST(Snapshot, names_the_thread_that_runs_the_loop) {
    run(amid_tasks([](const LoopSnapshot& loop) { EXPECT_EQ(loop.thread, static_cast<int>(gettid())); }));
}

TEST(OnceSnapshot, lines_say_the_same) {
    Snapshot s;
    s.pid = 4711;
    s.stopped = 12345;
    LoopSnapshot& loop = s.loops.emplace_back();
    loop.number = 3;
    loop.thread = 4712;
    loop.stood = true;
    loop.backend = "uring";
    TaskSnapshot& task = loop.tasks.emplace_back();
    task.id = 0xABCDEF0123456789;
    task.state = State::waiting;
    task.cancels = 2;
    task.is_limited = true;
    task.name = "a\tname\nwith \\n and \\";
    task.awaits = "";
    task.awaited = {1, 0xFFFFFFFFFFFFFFFF};
    task.frames = {2, 3};
    task.created_at = 4;
    s.loops.emplace_back();
    const Snapshot again = from_lines(to_lines(s));
    EXPECT_EQ(again.pid, 4711);
    EXPECT_EQ(again.stopped, 12345U);
    ASSERT_EQ(again.loops.size(), 2U);
    EXPECT_EQ(again.loops[0].number, 3U);
    EXPECT_EQ(again.loops[0].thread, 4712);
    EXPECT_TRUE(again.loops[0].stood);
    EXPECT_EQ(again.loops[0].backend, "uring");
    ASSERT_EQ(again.loops[0].tasks.size(), 1U);
    const TaskSnapshot& t = again.loops[0].tasks[0];
    EXPECT_EQ(t.id, task.id);
    EXPECT_EQ(t.state, State::waiting);
    EXPECT_EQ(t.cancels, 2U);
    EXPECT_TRUE(t.is_limited);
    EXPECT_EQ(t.name, task.name);
    EXPECT_EQ(t.awaits, "");
    EXPECT_EQ(t.awaited, task.awaited);
    EXPECT_EQ(t.frames, task.frames);
    EXPECT_EQ(t.created_at, 4U);
    EXPECT_FALSE(again.loops[1].stood);
}

std::string refused(std::string_view lines) {
    const std::string all = testing::thrown_by([lines] { from_lines(lines); }), kind = "hocket::ValueError: ";
    return all.starts_with(kind) ? all.substr(kind.size()) : all;
}

TEST(OnceSnapshot, bad_lines_are_refused) {
    EXPECT_EQ(refused(""), "a snapshot has no end: 0 tasks came");
    EXPECT_EQ(refused("nonsense\n"), "a snapshot has a line that means nothing: nonsense");
    EXPECT_EQ(refused("hocket-snapshot\t2\t1\t0\n"), "the snapshot is of format 2, and this program reads 1");
    const std::string first = "hocket-snapshot\t1\t1\t0\n", loop = "loop\t1\t1\t1\tepoll\n";
    EXPECT_EQ(refused(first + loop), "a snapshot has no end: 0 tasks came");
    EXPECT_EQ(refused(first + loop + "end\t1\n"), "a snapshot has a line that means nothing: end\t1");
    EXPECT_EQ(refused(first + "task\t1\t0\t0\t0\t0\tx\t\n"),
              "a snapshot has a line that means nothing: task\t1\t0\t0\t0\t0\tx\t");
    EXPECT_EQ(refused(first + loop + "task\t1\t9\t0\t0\t0\tx\t\n"),
              "a snapshot has a line that means nothing: task\t1\t9\t0\t0\t0\tx\t");
    EXPECT_EQ(refused(first + loop + "task\tx\n"), "a snapshot has a line that means nothing: task\tx");
    std::string counters = "counters";
    for (int i = 0; i < 8 + 2 * 24; ++i) counters += "\t0";
    EXPECT_EQ(refused(first + loop + counters + "\ntask\t1\t0\t0\t0\t0\tx\t\nend\t1\n"),
              "a snapshot has a line that means nothing: end\t1");  // what the task counts is missing
    EXPECT_EQ(refused(first + "frames\t1\n"), "a snapshot has a line that means nothing: frames\t1");
}

TaskSnapshot task(RemoteAddress id, std::string name, std::vector<RemoteAddress> awaited) {
    TaskSnapshot t;
    t.id = id;
    t.name = std::move(name);
    t.state = State::waiting;
    t.awaits = "others";
    t.awaited = std::move(awaited);
    return t;
}

std::string graph_text(const std::vector<TaskSnapshot>& tasks) {
    LoopSnapshot loop;
    loop.tasks = tasks;
    std::string text;
    for (const AwaitNode& root : graph_of(loop, Sources::of_process(getpid()))) text += format_call_graph(root) + "\n";
    return text;
}

TEST(OnceSnapshot, a_graph_begins_with_those_that_no_other_awaits) {
    EXPECT_EQ(graph_text({task(1, "child", {}), task(2, "parent", {1}), task(3, "second parent", {1}),
                          task(4, "other", {99})}),
              "parent: waits for others\n  child: waits for others\n"
              "second parent: waits for others\n  child: waiting (shown above)\n"
              "other: waits for others\n");
}

TEST(OnceSnapshot, a_circle_is_shown_once) {
    EXPECT_EQ(graph_text({task(1, "a", {2}), task(2, "b", {1})}),
              "a: waits for others\n  b: waits for others\n    a: waiting (a cycle)\n");
}

TEST(OnceSnapshot, symbols_of_a_process_are_those_that_it_finds_itself) {
    const void* const place = here();
    EXPECT_EQ(Symbols::of_process(getpid()).code_location(reinterpret_cast<RemoteAddress>(place)),
              code_location(place));
    EXPECT_EQ(Symbols::of_process(getpid()).code_location(0), "");
    EXPECT_EQ(Symbols::of_process(getpid()).code_location(16), "0x10");
}

}  // namespace
}  // namespace hocket::inspect
