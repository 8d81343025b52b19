// SPDX-License-Identifier: MIT
// Counters of one look less those of the look before.
#include "rates.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <unordered_map>

using namespace hocket::inspect;

namespace {

Histogram difference(const Histogram& now, const Histogram& before) {
    Histogram result;
    for (std::size_t i = 0; i < now.counts.size(); ++i) result.counts[i] = now.counts[i] - before.counts[i];
    return result;
}

std::string with_digits(double value, const char* unit) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), value < 10 ? "%.2f %s" : value < 100 ? "%.1f %s" : "%.0f %s", value, unit);
    return text.data();
}

// Whether it may be the same that has gone on counting: no counter falls.
bool goes_on(const Histogram& before, const Histogram& now) {
    return std::ranges::equal(before.counts, now.counts, std::less_equal());
}

bool goes_on(const TaskCounters& before, const TaskCounters& now) {
    return before.resumes <= now.resumes && before.wakes <= now.wakes && before.self_wakes <= now.self_wakes &&
           before.busy <= now.busy && before.scheduled <= now.scheduled && before.idle <= now.idle &&
           before.longest_busy <= now.longest_busy && before.longest_scheduled <= now.longest_scheduled &&
           goes_on(before.steps, now.steps) && goes_on(before.delays, now.delays);
}

bool goes_on(const LoopCounters& before, const LoopCounters& now) {
    return before.counted <= now.counted && before.iterations <= now.iterations &&
           before.steps_made <= now.steps_made && before.callbacks <= now.callbacks && before.created <= now.created &&
           before.ended <= now.ended && before.busy <= now.busy && before.waiting <= now.waiting &&
           goes_on(before.steps, now.steps) && goes_on(before.delays, now.delays);
}

// A loop that was busy has no counters.
bool has_counters(const LoopSnapshot& loop) { return loop.counters && loop.task_counters.size() == loop.tasks.size(); }

// What a task had counted at the look before: nothing, if another has its place by now.
class Earlier {
public:
    explicit Earlier(const LoopSnapshot* loop) {
        if (loop == nullptr) return;
        for (std::size_t i = 0; i < loop->tasks.size(); ++i)
            counters_.emplace(loop->tasks[i].id, Known{&loop->tasks[i].name, &loop->task_counters[i]});
    }
    TaskCounters of(const TaskSnapshot& task, const TaskCounters& now) const {
        const auto found = counters_.find(task.id);
        if (found == counters_.end() || *found->second.name != task.name || !goes_on(*found->second.counters, now))
            return {};
        return *found->second.counters;
    }

private:
    struct Known {
        const std::string* name;
        const TaskCounters* counters;
    };
    std::unordered_map<RemoteAddress, Known> counters_;
};

TaskRates rates_of(const TaskSnapshot& task, const TaskCounters& now, const TaskCounters& before, double time) {
    const auto in_a_second = [time](std::uint64_t n) { return static_cast<double>(n) * 1e9 / time; };
    TaskRates r;
    r.task = &task;
    r.busy = static_cast<double>(now.busy - before.busy) / time;
    r.scheduled = static_cast<double>(now.scheduled - before.scheduled) / time;
    r.resumes = in_a_second(now.resumes - before.resumes);
    r.wakes = in_a_second(now.wakes - before.wakes);
    r.self_wakes = in_a_second(now.self_wakes - before.self_wakes);
    r.delay_99 = difference(now.delays, before.delays).quantile(0.99);
    r.longest = now.longest_busy;
    return r;
}

LoopRates rates_of(const LoopSnapshot& loop, const LoopSnapshot* before) {
    LoopRates r;
    r.loop = &loop;
    const bool counted_before =
        before != nullptr && has_counters(*before) && has_counters(loop) && goes_on(*before->counters, *loop.counters);
    const LoopCounters earlier = counted_before ? *before->counters : LoopCounters();
    const LoopCounters now = loop.counters.value_or(earlier);
    const auto time = static_cast<double>(now.counted - earlier.counted);
    r.is_known = counted_before && time > 0;
    if (r.is_known) {
        const auto in_a_second = [time](std::uint64_t n) { return static_cast<double>(n) * 1e9 / time; };
        r.busy = static_cast<double>(now.busy - earlier.busy) / time;
        r.waiting = static_cast<double>(now.waiting - earlier.waiting) / time;
        r.steps = in_a_second(now.steps_made - earlier.steps_made);
        r.callbacks = in_a_second(now.callbacks - earlier.callbacks);
        r.created = in_a_second(now.created - earlier.created);
        r.ended = in_a_second(now.ended - earlier.ended);
        r.step_times = difference(now.steps, earlier.steps);
        r.delays = difference(now.delays, earlier.delays);
    }
    const Earlier tasks_before(r.is_known ? before : nullptr);
    r.tasks.reserve(loop.tasks.size());
    for (std::size_t i = 0; i < loop.tasks.size(); ++i) {
        const TaskSnapshot& task = loop.tasks[i];
        if (r.is_known) {
            const TaskCounters& counters = loop.task_counters[i];
            r.tasks.push_back(rates_of(task, counters, tasks_before.of(task, counters), time));
        } else {
            r.tasks.push_back({.task = &task});
        }
    }
    return r;
}

}  // namespace

std::vector<LoopRates> rates_between(const Snapshot& before, const Snapshot& now) {
    std::vector<LoopRates> all;
    all.reserve(now.loops.size());
    for (const LoopSnapshot& loop : now.loops) {
        const auto same = std::ranges::find(before.loops, loop.number, &LoopSnapshot::number);
        all.push_back(rates_of(loop, same == before.loops.end() ? nullptr : &*same));
    }
    return all;
}

void sort_tasks(std::vector<TaskRates>& tasks, std::string_view order) {
    // Those of the same rate stay in the order of their making.
    const auto by = [&](auto key) {
        std::ranges::sort(tasks, [key](const TaskRates& a, const TaskRates& b) {
            return a.*key != b.*key ? a.*key > b.*key : a.task < b.task;
        });
    };
    if (order == "busy") by(&TaskRates::busy);
    if (order == "steps") by(&TaskRates::resumes);
    if (order == "delay") by(&TaskRates::delay_99);
    if (order == "longest") by(&TaskRates::longest);
    if (order == "name") {
        std::ranges::sort(tasks, [](const TaskRates& a, const TaskRates& b) {
            return a.task->name != b.task->name ? a.task->name < b.task->name : a.task < b.task;
        });
    }
}

std::string duration_text(std::int64_t nanoseconds) {
    const auto ns = static_cast<double>(nanoseconds);
    if (nanoseconds < 1000) return std::to_string(nanoseconds) + " ns";
    if (ns < 999.5e3) return with_digits(ns / 1e3, "us");
    if (ns < 999.5e6) return with_digits(ns / 1e6, "ms");
    return with_digits(ns / 1e9, "s");
}

std::string rate_text(double rate) {
    std::array<char, 32> text{};
    if (rate < 999.5) {
        std::snprintf(text.data(), text.size(), rate > 0 && rate < 9.95 ? "%.1f" : "%.0f", rate);
    } else if (rate < 999.5e3) {
        std::snprintf(text.data(), text.size(), "%.1fk", rate / 1e3);
    } else {
        std::snprintf(text.data(), text.size(), "%.1fM", rate / 1e6);
    }
    return text.data();
}

std::string share_text(double share) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %%", 100 * share);
    return text.data();
}
