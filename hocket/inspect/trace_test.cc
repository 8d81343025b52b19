// SPDX-License-Identifier: MIT
// What a trace says of tasks and loops, in a time that goes on only where a test says so.
#include <hocket/inspect/trace.h>

#include <hocket/base/errors.h>
#include <hocket/hocket.h>
#include <hocket/http/json.h>
#include <hocket/inspect/trace_internal.h>
#include <hocket/io/virtual_backend.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;
using Json = http::Json;

constexpr std::int64_t ms = 1'000'000;

// What a step does that takes so long.
void work(std::chrono::nanoseconds time) {
    dynamic_cast<VirtualBackend&>(get_running_loop().backend()).advance(time.count());
}

std::int64_t nanoseconds(const Json& microseconds) { return std::llround(microseconds.get<double>() * 1000); }

std::uint64_t number_of(const EventLoop& loop) { return loop.mark() >> 8; }

// What a trace says of one of its loops.
class Recorded {
public:
    explicit Recorded(const std::string& text, std::uint64_t loop) {
        const Json all = Json::parse(text);
        const std::string name = "loop " + std::to_string(loop);
        std::uint64_t first = 0, end = UINT64_MAX;
        for (const Json& e : all["traceEvents"]) {
            if (e["name"] != "thread_name" || !e["args"]["name"].get<std::string>().starts_with("loop ")) continue;
            const std::string found = e["args"]["name"];
            if (found.substr(0, found.find(',')) == name) {
                first = e["tid"];
            } else if (first != 0) {
                end = std::min(end, e["tid"].get<std::uint64_t>());
            }
        }
        if (first == 0) return;
        for (const Json& e : all["traceEvents"]) {
            const std::uint64_t tid = e["tid"];
            if (tid < first || tid >= end || e["name"] == "process_name") continue;
            if (e["name"] == "thread_name") {
                names[tid] = tid == first ? "loop" : e["args"]["name"].get<std::string>();
            } else {
                events.push_back(e);
            }
        }
    }
    /// Those of one phase, on the tracks of this name.
    std::vector<Json> of(const std::string& track, const std::string& phase) const {
        std::vector<Json> found;
        for (const Json& e : events) {
            const auto name = names.find(e["tid"]);
            if (e["ph"] == phase && name != names.end() && name->second == track) found.push_back(e);
        }
        return found;
    }
    std::multiset<std::string> all_names() const {
        std::multiset<std::string> all;
        for (const auto& [tid, name] : names) all.insert(name);
        return all;
    }

    std::map<std::uint64_t, std::string> names;
    std::vector<Json> events;
};

Recorded recorded() { return Recorded(format_trace(), number_of(get_running_loop())); }

// On each track, what overlaps lies inside each other, and every track has a name.
void expect_sound(const Recorded& trace) {
    std::map<std::uint64_t, std::vector<std::pair<std::int64_t, std::int64_t>>> spans;
    for (const Json& e : trace.events) {
        EXPECT_TRUE(trace.names.contains(e["tid"])) << e;
        if (e["ph"] != "X") continue;
        EXPECT_GE(nanoseconds(e["dur"]), 0);
        spans[e["tid"]].emplace_back(nanoseconds(e["ts"]), nanoseconds(e["ts"]) + nanoseconds(e["dur"]));
    }
    for (auto& [tid, all] : spans) {
        std::ranges::sort(all, [](const auto& a, const auto& b) {
            return a.first != b.first ? a.first < b.first : a.second > b.second;
        });
        std::vector<std::int64_t> ends;
        for (const auto& [start, end] : all) {
            while (!ends.empty() && ends.back() <= start) ends.pop_back();
            if (!ends.empty()) {
                EXPECT_LE(end, ends.back()) << trace.names.at(tid);
            }
            ends.push_back(end);
        }
    }
}

// Traced from its second step on.
template <class F>
void tracing(F test, std::size_t events = TraceOptions().events) {
    const auto amain = [](F f, std::size_t size) -> Coro<> {
        start_tracing(get_running_loop(), {.events = size});
        co_await hocket::sleep(0s);
        co_await f();
        stop_tracing(get_running_loop());
    };
    run(amain(std::move(test), events),
        {.loop_factory = [] { return Unique<EventLoop>::make(Unique<VirtualBackend>::make()); }});
}

Coro<> ends_at_once() { co_return; }

Coro<> give_way(int times) {
    for (int i = 0; i < times; ++i) co_await hocket::sleep(0s);
}

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

TEST(OnceTrace, a_task_keeps_its_name_when_it_has_ended_and_another_has_its_memory) {
    tracing([]() -> Coro<> {
        std::set<const void*> addresses;
        for (int i = 0; i < 20; ++i) {
            const Task<> job = create_task(ends_at_once(), {.name = "job-" + std::to_string(i)});
            addresses.insert(job.state());
            co_await job;
        }
        EXPECT_LT(addresses.size(), 20U);
        const Recorded trace = recorded();
        expect_sound(trace);
        for (int i = 0; i < 20; ++i) EXPECT_EQ(trace.of("job-" + std::to_string(i), "X").size(), 1U);
    });
}

TEST(OnceTrace, the_oldest_events_make_room_and_names_stay) {
    tracing(
        []() -> Coro<> {
            const Task<> a = create_task(give_way(1000), {.name = "a"}), b = create_task(give_way(1000), {.name = "b"});
            co_await a;
            co_await b;
            const Recorded trace = recorded();
            expect_sound(trace);
            EXPECT_GT(trace.of("a", "X").size(), 3U);
            EXPECT_GT(trace.of("b", "X").size(), 3U);
            EXPECT_LT(trace.events.size(), 200U);
            EXPECT_EQ(trace.all_names(), (std::multiset<std::string>{"Task-1", "a", "b", "loop"}));
            EXPECT_TRUE(trace.of("a", "i").empty() || trace.of("a", "i").front()["name"] == "ended");
        },
        64);
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

TEST(OnceTrace, a_loop_that_is_not_traced_does_nothing_for_it) {
    const auto amain = []() -> Coro<> {
        EventLoop& loop = get_running_loop();
        stop_tracing(loop);
        start_tracing(loop);
        start_tracing(loop);
        co_await hocket::sleep(0s);
        stop_tracing(loop);
        EXPECT_EQ(loop.observer(), nullptr);
        const std::size_t events = recorded().events.size();
        EXPECT_GT(events, 0U);
        co_await give_way(10);
        EXPECT_EQ(recorded().events.size(), events);
        start_tracing(loop);
    };  // the loop closes while it is traced
    run(amain());
    const auto other = []() -> Coro<> {
        co_await give_way(10);
        EXPECT_TRUE(recorded().names.empty());
    };
    run(other());
}

TEST(OnceTrace, loops_that_have_ended_are_in_it_and_of_many_the_last) {
    std::vector<std::uint64_t> numbers;
    for (int i = 0; i < 12; ++i) {
        tracing([&]() -> Coro<> {
            numbers.push_back(number_of(get_running_loop()));
            co_await hocket::sleep(1ms);
        });
    }
    const std::string text = format_trace();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const Recorded trace(text, numbers[i]);
        expect_sound(trace);
        EXPECT_EQ(trace.names.empty(), i < 4) << i;
    }
}

TEST(OnceTrace, a_file_is_whole_or_not_there) {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("trace-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    tracing([&]() -> Coro<> {
        co_await hocket::sleep(1ms);
        write_trace(folder / "a.json");
        std::ifstream file(folder / "a.json");
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        expect_sound(Recorded(text, number_of(get_running_loop())));
        EXPECT_EQ(Json::parse(text)["otherData"]["reason"], "asked for");
    });
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
    std::filesystem::remove_all(folder);
    try {
        write_trace(folder / "a.json");
        ADD_FAILURE() << "it is written to no folder";
    } catch (const OSError& e) {
        EXPECT_EQ(std::string(e.what()),
                  "write a trace to " + (folder / "a.json").string() + ": No such file or directory");
    }
}

TEST(OnceTrace, goes_over_a_socket_as_lines) {
    tracing([]() -> Coro<> {
        const Task<> task = create_task(give_way(3), {.name = "task"});
        co_await task;
        const std::string lines = trace_lines();
        const auto place = [](std::uint64_t) { return std::string("a place"); };
        const Recorded trace(trace_from_lines(lines, place), number_of(get_running_loop()));
        expect_sound(trace);
        EXPECT_EQ(trace.events.size(), recorded().events.size());
        EXPECT_EQ(trace.of("task", "X").at(1)["name"], "a place");
        for (const std::string& bad :
             {std::string(), std::string("end\t0\n"), lines.substr(0, lines.size() / 2),
              std::string("trace\tx\ty\nend\t0\n"), std::string("trace\t1\ty\n1\t2\nend\t0\n")})
            EXPECT_THROW(trace_from_lines(bad, place), RuntimeError) << bad;
    });
}

// Each reading is of a moment: what the loop overwrites meanwhile is not in it.
TEST(RealTrace, is_read_while_the_loop_runs) {
    std::atomic<bool> is_over = false;
    std::atomic<std::uint64_t> number = 0;
    std::thread thread([&] {
        const auto amain = [&]() -> Coro<> {
            start_tracing(get_running_loop(), {.events = 64});
            number = number_of(get_running_loop());
            const Task<> a = create_task(give_way(INT32_MAX), {.name = "a"});
            while (!is_over) co_await hocket::sleep(0s);
            a.cancel();
        };
        run(amain());
    });
    const std::set<std::string> known{"Task-1", "a", "loop"};
    std::size_t seen = 0;
    for (int i = 0; i < 2000 || seen < 10; ++i) {
        const auto place = [](std::uint64_t) { return std::string(); };
        const std::string lines = trace_lines();
        if (lines.starts_with("error")) continue;
        const Recorded trace(trace_from_lines(lines, place), number);
        expect_sound(trace);
        for (const std::string& name : trace.all_names()) EXPECT_TRUE(known.contains(name)) << name;
        if (trace.of("a", "X").size() > 2) ++seen;
    }
    is_over = true;
    thread.join();
}

}  // namespace
}  // namespace hocket::inspect
