// SPDX-License-Identifier: MIT
// What is kept of a loop's events, and for how long, and where it is written.
#include <hocket/inspect/monitor_test.h>
#include <hocket/inspect/trace_test.h>

#include <hocket/base/errors.h>
#include <hocket/base/symbols.h>
#include <hocket/inspect/remote.h>
#include <hocket/inspect/trace_internal.h>

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;

// Each job has the memory of the one before, but under sanitizers.
TEST(OnceTraceRing, a_task_keeps_its_name_when_it_has_ended_and_another_has_its_memory) {
    tracing([]() -> Coro<> {
        for (int i = 0; i < 20; ++i) {
            const Task<> job = create_task(ends_at_once(), {.name = "job-" + std::to_string(i)});
            co_await job;
        }
        const Recorded trace = recorded();
        expect_sound(trace);
        for (int i = 0; i < 20; ++i) EXPECT_EQ(trace.of("job-" + std::to_string(i), "X").size(), 1U);
    });
}

TEST(OnceTraceRing, the_oldest_events_make_room_and_names_stay) {
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

TEST(OnceTraceRing, a_loop_that_is_not_traced_does_nothing_for_it) {
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

TEST(OnceTraceRing, loops_that_have_ended_are_in_it_and_of_many_the_last) {
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

TEST(OnceTraceRing, a_file_is_whole_or_not_there) {
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

TEST(OnceTraceRing, goes_over_a_socket_as_lines) {
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

// But for names, which have no time.
std::vector<TraceEvent> events_of(std::uint64_t number) {
    std::vector<TraceEvent> events, room;
    for (const TraceRing* r = TraceRing::first(); r; r = r->next()) {
        room.resize(r->size());
        TracedLoop loop;
        const std::span<const TraceEvent> found = r->copy(room, loop);
        if (loop.number == number) events.assign(found.begin(), found.end());
    }
    std::erase_if(events, [](const TraceEvent& e) { return e.kind() == TraceEvent::name; });
    return events;
}

// Each reading is of a moment: what the loop overwrites meanwhile is not in it.
TEST(RealTraceRing, is_read_while_the_loop_runs) {
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
    int seen = 0;
    while (seen < 2000) {
        const std::vector<TraceEvent> events = events_of(number);
        if (events.size() < 20)
            continue;  // most of them are overwritten while it is read, where the machine has other work
        ++seen;
        const bool in_order = std::ranges::is_sorted(events, {}, &TraceEvent::time);
        EXPECT_TRUE(in_order);
        if (!in_order) break;
    }
    for (int i = 0; i < 20; ++i) expect_sound(Recorded(format_trace(), number));
    is_over = true;
    thread.join();
}

TEST(OnceTraceRing, may_end_amid_a_name) {
    const auto event = [](TraceEvent::Kind kind, std::uint64_t task, std::int64_t time) {
        return TraceEvent{time, task << TraceEvent::kind_bits | kind, 0};
    };
    const std::vector<TraceEvent> events{event(TraceEvent::name, 16, INT64_MAX), event(TraceEvent::begins, 16, 1000),
                                         event(TraceEvent::created, 32, 3000), event(TraceEvent::name, 32, 'x')};
    TraceText output;
    TraceWriter writer(output, 1, "program", nullptr);
    writer.put(events, {.number = 7});
    writer.finish("");
    const Recorded trace(output.text, 7);
    EXPECT_EQ(nanoseconds(trace.of("task 0x10", "X").at(0)["dur"]), 2000);
    EXPECT_EQ(trace.of("x", "i").size(), 1U);
}

#if !HOCKET_SANITIZED  // whose allocators end the process in place of bad_alloc
TEST(RealTraceRing, that_has_no_memory_leaves_the_loop_alone) {
    const auto amain = []() -> Coro<> {
        for (const std::size_t events : {SIZE_MAX / 16, SIZE_MAX})
            EXPECT_THROW(start_tracing(get_running_loop(), {.events = events}), std::bad_alloc);
        EXPECT_FALSE(is_watched());
        co_return;
    };
    run(amain());
}
#endif

TEST(RealTraceRing, is_there_while_somebody_asks_the_monitor_for_it) {
    start_monitor();
    const auto amain = []() -> Coro<> {
        const std::uint64_t loop = number_of(get_running_loop());
        auto first = std::make_unique<Observation>(getpid()), second = std::make_unique<Observation>(getpid());
        co_await to_thread([&] { first->trace(); });
        co_await until_watched(true);
        co_await to_thread([&] { second->trace(); });
        const Task<> task = create_task(give_way(3), {.name = "task"});
        co_await task;
        const auto ask = [](Observation& o) { return o.events(Symbols::of_process(getpid())); };
        const Recorded trace(co_await to_thread([&] { return ask(*first); }), loop);
        expect_sound(trace);
        EXPECT_EQ(trace.of("task", "X").size(), 4U);
        first.reset();
        co_await to_thread([&] { return ask(*second); });  // the monitor has seen by now that the first has gone
        EXPECT_TRUE(is_watched());
        second.reset();
        co_await until_watched(false);
        EXPECT_TRUE(recorded().names.empty());
        start_tracing(get_running_loop());  // what the program wants is its own
        co_await to_thread([] { Observation(getpid()).trace(); });
        co_await to_thread([&] { Observation(getpid()).look(); });
        EXPECT_TRUE(is_watched());
        stop_tracing(get_running_loop());
        Observation third(getpid());
        co_await to_thread([&] { third.trace(); });
        co_await until_watched(true);
        co_await to_thread([] { stop_monitor(); });
        co_await until_watched(false);
    };
    run(amain());
}

}  // namespace
}  // namespace hocket::inspect
