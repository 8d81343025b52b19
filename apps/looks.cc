// SPDX-License-Identifier: MIT
// Looks, and what they found as JSON.
#include "looks.h"

#include "looking.h"

#include <hocket/os/executor.h>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

using hocket::http::Json;
using namespace hocket::inspect;

namespace {

Json json_of(const Histogram& histogram) {
    Json counts = Json::array();
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
        if (histogram.counts[i] == 0) continue;
        const std::int64_t end = Histogram::upper_end(i);
        counts.push_back({{"below_ns", end == INT64_MAX ? Json(nullptr) : Json(end)}, {"count", histogram.counts[i]}});
    }
    return counts;
}

Json json_of(const TaskRates& r, const LoopSnapshot& loop, const Sources& sources) {
    Json task = task_json(*r.task, loop, sources);
    task.update({{"busy", r.busy},
                 {"scheduled", r.scheduled},
                 {"steps_per_s", r.resumes},
                 {"wakes_per_s", r.wakes},
                 {"self_wakes_per_s", r.self_wakes},
                 {"delay_99_ns", r.delay_99 == INT64_MAX ? Json(nullptr) : Json(r.delay_99)},
                 {"longest_step_ns", r.longest}});
    return task;
}

Json json_of(const LoopRates& r, const Sources& sources) {
    Json tasks = Json::array();
    for (const TaskRates& t : r.tasks) tasks.push_back(json_of(t, *r.loop, sources));
    return {{"number", r.loop->number},       {"thread", r.loop->thread},
            {"backend", r.loop->backend},     {"stood", r.loop->stood},
            {"counted", r.is_known},          {"busy", r.busy},
            {"waiting", r.waiting},           {"steps_per_s", r.steps},
            {"callbacks_per_s", r.callbacks}, {"created_per_s", r.created},
            {"ended_per_s", r.ended},         {"step_times", json_of(r.step_times)},
            {"delays", json_of(r.delays)},    {"task_count", r.loop->tasks.size()},
            {"tasks", std::move(tasks)}};
}

Json json_of(const Snapshot& snapshot, const std::vector<LoopRates>& loops, const Sources& sources) {
    Json all = Json::array();
    for (const LoopRates& r : loops) all.push_back(json_of(r, sources));
    return {{"pid", snapshot.pid}, {"loops", std::move(all)}};
}

}  // namespace

Looks::Looks(int pid)
    : observation_(
          std::make_shared<Observation>(pid)),  // before the symbols: it says best what is wrong with a process
      sources_(Sources::of_process(pid)) {}

hocket::Coro<> Looks::next() {
    before_ = std::move(now_);
    const bool begins = !std::exchange(counts_, true);
    auto look = [observation = observation_, begins] {
        if (begins) observation->count();
        return observation->look();
    };
    now_ = co_await hocket::to_thread(std::move(look));
}

std::vector<LoopRates> Looks::rates(std::string_view order) const {
    std::vector<LoopRates> loops = rates_between(before_, now_);
    for (LoopRates& r : loops) sort_tasks(r.tasks, order);
    return loops;
}

Json Looks::json(std::string_view order) const { return json_of(now_, rates(order), sources_); }

Json Looks::json_of_busiest(std::size_t most) const {
    std::vector<LoopRates> loops = rates("busy");
    for (LoopRates& r : loops) {
        r.tasks.resize(std::min(r.tasks.size(), most));
        std::ranges::sort(r.tasks, {}, &TaskRates::task);  // they stand in one vector, the oldest first
    }
    return json_of(now_, loops, sources_);
}

bool has_ended(int pid) {
    const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) return errno == ESRCH || (::kill(pid, 0) < 0 && errno == ESRCH);
    pollfd end{fd, POLLIN, 0};
    const bool is_ended = ::poll(&end, 1, 0) == 1;
    ::close(fd);
    return is_ended;
}
