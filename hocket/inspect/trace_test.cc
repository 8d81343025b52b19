// SPDX-License-Identifier: MIT
// What a trace says of tasks and loops, in a time that goes on only where a test says so.
#include <hocket/inspect/trace_test.h>

#include <unistd.h>
#include <algorithm>
#include <string>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;

TEST(OnceTrace, has_each_step_with_its_time_and_who_woke_it) {
    tracing([]() -> Coro<> {
        const std::int64_t start = get_running_loop().now();
        Event begin;
        const Task<> worker = create_task(
            [](Event& event) -> Coro<> {
                work(1ms);
                co_await event.wait();
                work(2ms);
                co_await hocket::sleep(10ms);
                work(3ms);
            }(begin),
            {.name = "worker"});
        co_await hocket::sleep(0s);
        const Task<> other = create_task(
            []() -> Coro<> {
                work(5ms);
                co_return;
            }(),
            {.name = "other"});
        begin.set();
        work(100ms);
        co_await hocket::sleep(1s);
        const Recorded trace = recorded();
        expect_sound(trace);
        const std::vector<Json> steps = trace.of("worker", "X");
        EXPECT_EQ(steps.size(), 3U);
        if (steps.size() != 3) co_return;
        const auto expect_step = [&](const Json& step, std::int64_t begins, std::int64_t takes, std::int64_t ready,
                                     const std::string& by) {
            EXPECT_EQ(nanoseconds(step["ts"]) - start, begins);
            EXPECT_EQ(nanoseconds(step["dur"]), takes);
            EXPECT_EQ(nanoseconds(step["args"]["ready_us"]), ready);
            EXPECT_EQ(step["args"]["woken_by"].get<std::string>().substr(0, by.size()), by);
            EXPECT_NE(step["args"]["at"], "");
            EXPECT_EQ(step["pid"], getpid());
        };
        expect_step(steps[0], 0, 1 * ms, 0, "Task-1");
        expect_step(steps[1], 106 * ms, 2 * ms, 5 * ms, "Task-1");
        expect_step(steps[2], 118 * ms, 3 * ms, 0, "loop ");
        EXPECT_EQ(trace.of("worker", "i").front()["name"], "created");
        EXPECT_EQ(trace.of("worker", "i").back()["name"], "ended");
        EXPECT_EQ(nanoseconds(trace.of("worker", "i").back()["ts"]) - start, 121 * ms);
        EXPECT_EQ(trace.of("other", "X").size(), 1U);
        const std::vector<Json> on_loop = trace.of("loop", "X");
        const bool waits = std::ranges::any_of(on_loop, [&](const Json& e) {
            return e["name"] == "wait" && nanoseconds(e["ts"]) == start + 108 * ms && nanoseconds(e["dur"]) == 10 * ms;
        });
        EXPECT_TRUE(waits);
    });
}

TEST(OnceTrace, an_arrow_leads_from_the_waker_to_the_step) {
    tracing([]() -> Coro<> {
        Event begin;
        const Task<> waits = create_task([](Event& e) -> Coro<> { co_await e.wait(); }(begin), {.name = "waits"});
        co_await hocket::sleep(1ms);
        const Task<> sets = create_task(
            [](Event& e) -> Coro<> {
                work(3ms);
                e.set();
                co_return;
            }(begin),
            {.name = "sets"});
        co_await waits;
        const Recorded trace = recorded();
        const Json from = trace.of("sets", "s").at(0), to = trace.of("waits", "f").at(1);
        EXPECT_EQ(from["id"], to["id"]);
        EXPECT_EQ(to["bp"], "e");
        const Json step = trace.of("sets", "X").at(0);
        EXPECT_EQ(nanoseconds(from["ts"]), nanoseconds(step["ts"]) + 3 * ms - 1);
        EXPECT_EQ(to["ts"], trace.of("waits", "X").at(1)["ts"]);
        EXPECT_EQ(trace.of("waits", "X").at(1)["args"]["woken_by"], "sets");
    });
}

TEST(OnceTrace, callbacks_and_the_number_of_ready_tasks_are_the_loops) {
    tracing([]() -> Coro<> {
        get_running_loop().call_soon([] { work(2ms); });
        const Task<> a = create_task(give_way(1)), b = create_task(give_way(1));
        co_await hocket::sleep(1ms);
        const Recorded trace = recorded();
        const std::vector<Json> spans = trace.of("loop", "X");
        const auto callback =
            std::ranges::find(spans, "callback", [](const Json& e) { return e["name"].get<std::string>(); });
        EXPECT_NE(callback, spans.end());
        if (callback == spans.end()) co_return;
        EXPECT_EQ(nanoseconds((*callback)["dur"]), 2 * ms);
        std::vector<int> ready;
        for (const Json& e : trace.of("loop", "C")) ready.push_back(e["args"]["tasks"].get<int>());
        EXPECT_EQ(std::ranges::count(ready, 2), 1);
    });
}

TEST(OnceTrace, an_eager_step_lies_inside_its_creators) {
    tracing([]() -> Coro<> {
        const Task<> outer = create_task(
            []() -> Coro<> {
                work(1ms);
                const Task<> inner = create_task(
                    []() -> Coro<> {
                        work(20ms);
                        co_await Event().wait();
                    }(),
                    {.name = "inner", .eager_start = true});
                work(2ms);
                co_await Event().wait();
            }(),
            {.name = "outer"});
        co_await hocket::sleep(1ms);
        const Recorded trace = recorded();
        expect_sound(trace);
        const Json a = trace.of("outer", "X").at(0), b = trace.of("inner", "X").at(0);
        EXPECT_EQ(nanoseconds(a["dur"]), 23 * ms);
        EXPECT_EQ(nanoseconds(b["dur"]), 20 * ms);
        EXPECT_EQ(nanoseconds(b["ts"]) - nanoseconds(a["ts"]), 1 * ms);
        EXPECT_FALSE(b["args"].contains("woken_by"));
    });
}

TEST(OnceTrace, a_run_inside_a_step_lies_inside_it) {
    tracing([]() -> Coro<> {
        const Task<> outer = create_task(
            []() -> Coro<> {
                work(1ms);
                nested_run([]() -> Coro<> { co_await hocket::sleep(5ms); }());
                work(2ms);
                co_return;
            }(),
            {.name = "outer"});
        co_await outer;
        const Recorded trace = recorded();
        expect_sound(trace);
        const Json step = trace.of("outer", "X").at(0);
        EXPECT_EQ(nanoseconds(step["dur"]), 8 * ms);
        const std::vector<Json> spans = trace.of("loop", "X");
        EXPECT_TRUE(std::ranges::any_of(spans, [&](const Json& e) {
            return e["name"] == "wait" && nanoseconds(e["ts"]) == nanoseconds(step["ts"]) + 1 * ms;
        }));
    });
}

TEST(OnceTrace, names_are_no_json) {
    tracing([]() -> Coro<> {
        const std::string wild = "\"}]\\\n\x1b\x7f\xff<b>\xc3\xbc";
        const Task<> one = create_task(ends_at_once(), {.name = wild});
        const Task<> two = create_task(ends_at_once(), {.name = std::string(63, 'x') + "\xc3\xbc and more"});
        co_await one;
        co_await two;
        const Recorded trace = recorded();
        EXPECT_EQ(trace.all_names(),
                  (std::multiset<std::string>{"Task-1", "loop", "\"}]\\\n\x1b\x7f\xef\xbf\xbd<b>\xc3\xbc",
                                              std::string(63, 'x') + "\xef\xbf\xbd"}));
    });
}

TEST(OnceTrace, one_that_is_cancelled_before_its_first_step_makes_none) {
    tracing([]() -> Coro<> {
        const Task<> task = create_task(ends_at_once(), {.name = "never"});
        task.cancel();
        co_await hocket::sleep(1ms);
        const Recorded trace = recorded();
        EXPECT_TRUE(trace.of("never", "X").empty());
        EXPECT_EQ(trace.of("never", "i").back()["name"], "cancelled before its first step");
    });
}

TEST(OnceTrace, the_step_that_runs_is_there_and_not_finished) {
    tracing([]() -> Coro<> {
        co_await hocket::sleep(1ms);
        EXPECT_EQ(recorded().of("Task-1", "X").back()["args"]["unfinished"], true);
        co_await hocket::sleep(1ms);
        const std::vector<Json> steps = recorded().of("Task-1", "X");
        for (std::size_t i = 0; i + 1 < steps.size(); ++i) EXPECT_FALSE(steps[i]["args"].contains("unfinished"));
    });
}

}  // namespace
}  // namespace hocket::inspect
