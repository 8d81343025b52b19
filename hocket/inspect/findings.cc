// SPDX-License-Identifier: MIT
// What is wrong in a snapshot.
#include <hocket/inspect/detectors.h>

#include <hocket/core/await_graph.h>
#include <hocket/inspect/remote.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace hocket::inspect {

namespace {

using State = TaskSnapshot::State;

constexpr std::array<std::string_view, 6> kind_names{"blocked loop",   "await cycle",   "lost wake",
                                                     "ignored cancel", "growing queue", "oversized frame"};

class Stuck {
public:
    Stuck(const LoopSnapshot& loop, const Sources& sources) : loop_(loop), sources_(sources) {
        for (const TaskSnapshot& t : loop.tasks) {
            tasks_.emplace(t.id, &t);
            stuck_.insert(t.id);
        }
    }

    std::vector<Finding> findings() {
        drop_those_that_may_be_woken();
        for (const TaskSnapshot& t : loop_.tasks) {
            if (!stuck_.contains(t.id)) continue;
            if (t.awaited.empty()) {
                found_.push_back(lost_wake(t));
            } else {
                find_cycles_from(t);
            }
        }
        return std::move(found_);
    }

private:
    bool is_idle() const {
        const auto waits = [](const TaskSnapshot& t) { return t.state == State::waiting; };
        const Pending& p = *loop_.pending;
        return std::ranges::all_of(loop_.tasks, waits) && p.timers + p.operations + p.outside == 0 && !p.callbacks &&
               !p.signals;
    }

    // A task waits for good if all that it waits for are tasks that do, or if it waits for something else and nothing goes on in the loop.
    void drop_those_that_may_be_woken() {
        const bool nothing_goes_on = is_idle();
        std::unordered_map<RemoteAddress, std::vector<RemoteAddress>> waiters;
        std::vector<RemoteAddress> going_on;
        for (const TaskSnapshot& t : loop_.tasks) {
            bool may_go_on = t.state != State::waiting || t.is_limited || (t.awaited.empty() && !nothing_goes_on);
            for (const RemoteAddress id : t.awaited) {
                waiters[id].push_back(t.id);
                if (!tasks_.contains(id)) may_go_on = true;  // it is done, or of another loop
            }
            if (may_go_on) going_on.push_back(t.id);
        }
        while (!going_on.empty()) {
            const RemoteAddress id = going_on.back();
            going_on.pop_back();
            if (stuck_.erase(id) == 0) continue;
            const auto found = waiters.find(id);
            if (found != waiters.end()) going_on.insert(going_on.end(), found->second.begin(), found->second.end());
        }
    }

    // Each task is looked at once, whoever waits for it.
    void find_cycles_from(const TaskSnapshot& task) {
        std::vector<const TaskSnapshot*> path;
        std::vector<std::size_t> next;
        const auto enter = [&](const TaskSnapshot& t) {
            if (!seen_.insert(t.id).second) return false;
            path.push_back(&t);
            next.push_back(0);
            return true;
        };
        enter(task);
        while (!path.empty()) {
            if (next.back() == path.back()->awaited.size()) {
                path.pop_back();
                next.pop_back();
                continue;
            }
            const TaskSnapshot& awaited = *tasks_.at(path.back()->awaited[next.back()++]);
            if (enter(awaited)) continue;
            const auto again = std::ranges::find(path, &awaited);
            if (again != path.end()) found_.push_back(await_cycle({again, path.end()}));
        }
    }

    Finding await_cycle(const std::vector<const TaskSnapshot*>& cycle) const {
        Finding f;
        f.kind = Finding::Kind::await_cycle;
        f.task = cycle.front()->name;
        f.text = "tasks wait for each other, and none of them can go on:";
        for (const TaskSnapshot* t : cycle) {
            f.text += "\n" + words_for(*t);
            f.place += place_of(*t) + " ";
        }
        return f;
    }

    Finding lost_wake(const TaskSnapshot& task) const {
        return {.kind = Finding::Kind::lost_wake,
                .task = task.name,
                .text =
                    "a task waits, and nothing is left in its loop that could wake it: no other task, timer, operation "
                    "or job\n" +
                    words_for(task),
                .place = place_of(task)};
    }

    std::string words_for(const TaskSnapshot& task) const { return format_call_graph(node_of(task, loop_, sources_)); }
    std::string place_of(const TaskSnapshot& task) const {
        return sources_.symbols.code_location(task.frames.empty() ? task.created_at : task.frames.front());
    }

    const LoopSnapshot& loop_;
    const Sources& sources_;
    std::unordered_map<RemoteAddress, const TaskSnapshot*> tasks_;
    std::unordered_set<RemoteAddress> stuck_, seen_;
    std::vector<Finding> found_;
};

}  // namespace

std::string_view name_of(Finding::Kind kind) noexcept { return kind_names[static_cast<std::size_t>(kind)]; }

std::vector<Finding> stuck_tasks(const LoopSnapshot& loop, const Sources& sources) {
    if (!loop.pending || loop.thread == 0) return {};
    return Stuck(loop, sources).findings();
}

}  // namespace hocket::inspect
