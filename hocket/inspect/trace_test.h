// SPDX-License-Identifier: MIT
// What tests of traces have in common: a loop that is traced, and its trace, read back.
#pragma once

#include <hocket/hocket.h>
#include <hocket/http/json.h>
#include <hocket/inspect/trace.h>
#include <hocket/io/virtual_backend.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hocket::inspect {

using Json = http::Json;

inline constexpr std::int64_t ms = 1'000'000;

// What a step does that takes so long.
inline void work(std::chrono::nanoseconds time) {
    dynamic_cast<VirtualBackend&>(get_running_loop().backend()).advance(time.count());
}

inline std::int64_t nanoseconds(const Json& microseconds) { return std::llround(microseconds.get<double>() * 1000); }

inline std::uint64_t number_of(const EventLoop& loop) { return loop.mark() >> 8; }

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

inline Recorded recorded() { return Recorded(format_trace(), number_of(get_running_loop())); }

// On each track, what overlaps lies inside each other, and every track has a name.
inline void expect_sound(const Recorded& trace) {
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
        co_await hocket::sleep(Duration());
        co_await f();
        stop_tracing(get_running_loop());
    };
    run(amain(std::move(test), events),
        {.loop_factory = [] { return Unique<EventLoop>::make(Unique<VirtualBackend>::make()); }});
}

inline Coro<> ends_at_once() { co_return; }

inline Coro<> give_way(int times) {
    for (int i = 0; i < times; ++i) co_await hocket::sleep(Duration());
}

}  // namespace hocket::inspect
