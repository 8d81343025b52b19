// SPDX-License-Identifier: MIT
// Asks a process, finds functions, files and lines, and prints tables, trees and JSON.
#include "inspect.h"

#include "looking.h"

#include <hocket/base/errors.h>
#include <hocket/base/symbols.h>
#include <hocket/http/json.h>
#include <hocket/inspect/remote.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

using hocket::AwaitNode, hocket::Symbols;
using hocket::http::Json;
using namespace hocket::inspect;

namespace {

constexpr const char* explained =
    R"(A process answers by itself with HOCKET_INSPECT=1 in its environment, or after a call of
hocket::inspect::start_monitor(): then the same user and root may look, and what is seen is of one moment. Of
another one, and of a core file, the memory is read, which tells a little less; that needs what a debugger needs.
Functions, files and lines are known where the program was compiled with -g1 or -g.

Exit codes: 0 it was shown; 1 it could not be, and standard error says why; 2 wrong usage

Documentation: docs/inspecting.md)";

void describe_common(CLI::App& command, Inspection& what) {
    command.add_option("PROCESS", what.process, "Its number, or a core file that it has left")->required();
    command.add_flag("--json", what.is_json, "As JSON, for programs");
    command.footer(explained);
}

struct Look {
    Snapshot snapshot;
    Sources sources;
};

Look look_at_core(const std::string& file) {
    Snapshot snapshot = read_snapshot(*memory_of_core(file));
    return {std::move(snapshot), Sources::of_core(file)};
}

// By its monitor; where that cannot answer, from its memory. Standard error says where that has changed time and again.
Look look_at_process(const char* command, int pid) {
    std::string why;
    try {
        Snapshot snapshot = snapshot_of_process(pid);
        return {std::move(snapshot), Sources::of_process(pid)};
    } catch (const hocket::OSError& e) {
        if (e.error_number() == ESRCH) throw;
        why = e.what();
    } catch (const std::exception& e) {
        why = e.what();
    }
    try {
        Snapshot snapshot = read_snapshot(*memory_of_process(pid));
        if (snapshot.is_torn)
            std::fprintf(stderr,
                         "hocket %s: read the memory of process %d: it changed with each reading, and what is shown "
                         "may not fit together (and %s)\n",
                         command, pid, printable(why).c_str());
        return {std::move(snapshot), Sources::of_process(pid)};
    } catch (const std::exception& e) {
        throw hocket::RuntimeError(std::string(e.what()) + " (and " + why + ")");
    }
}

// What is printed of a graph, whose lines are its own.
std::string printable_graph(AwaitNode node) {
    const auto clean = [](AwaitNode& n, const auto& self) -> void {
        n.name = printable(n.name);
        n.state = printable(n.state);
        n.created_at = printable(n.created_at);
        for (std::string& frame : n.frames) frame = printable(frame);
        for (AwaitNode& below : n.awaits) self(below, self);
    };
    clean(node, clean);
    return format_call_graph(node);
}

Look look_at(const char* command, const std::string& process) {
    const std::optional<int> pid = number_of_process(process);
    return pid ? look_at_process(command, *pid) : look_at_core(process);
}

void say_if_empty(const Snapshot& snapshot) {
    if (snapshot.loops.empty()) std::printf("process %d has no loop\n", snapshot.pid);
}

void print_lines(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) std::printf("%s\n", line.c_str());
}

// What is the same of many tasks: where they were made, what they wait for and where.
struct Group {
    std::size_t count = 0;
    const TaskSnapshot* oldest = nullptr;
};

// Numbers in what is awaited differ from task to task: `sleep, 1.2 s left`.
std::string kind_of(const std::string& awaits) { return awaits.substr(0, awaits.find_first_of(",0123456789")); }

// The largest first.
std::vector<Group> groups_of(const LoopSnapshot& loop) {
    std::map<std::tuple<RemoteAddress, RemoteAddress, std::string>, Group> groups;
    for (const TaskSnapshot& t : loop.tasks) {
        Group& group = groups[{t.created_at, t.frames.empty() ? 0 : t.frames.front(), kind_of(t.awaits)}];
        if (group.count++ == 0) group.oldest = &t;
    }
    std::vector<Group> largest_first;
    largest_first.reserve(groups.size());
    for (const auto& [key, group] : groups) largest_first.push_back(group);
    std::ranges::sort(largest_first, [](const Group& a, const Group& b) {
        return a.count != b.count ? a.count > b.count : a.oldest < b.oldest;
    });
    return largest_first;
}

std::string place_of(const TaskSnapshot& task, const Symbols& symbols) {
    return task.frames.empty() ? std::string() : symbols.code_location(task.frames.front());
}

void print_groups(const LoopSnapshot& loop, const Symbols& symbols) {
    std::vector<std::vector<std::string>> rows{{"TASKS", "OLDEST", "CREATED AT", "STATE", "AWAITS", "AT"}};
    const std::vector<Group> groups = groups_of(loop);
    rows.reserve(groups.size() + 1);
    for (const auto& [count, t] : groups) {
        rows.push_back({std::to_string(count), t->name, symbols.code_location(t->created_at),
                        std::string(name_of(t->state)), t->awaits.empty() ? "-" : kind_of(t->awaits),
                        t->frames.empty() ? "-" : place_of(*t, symbols)});
    }
    print_lines(table_lines(std::move(rows)));
}

Json groups_json(const LoopSnapshot& loop, const Symbols& symbols) {
    Json groups = Json::array();
    for (const auto& [count, t] : groups_of(loop)) {
        groups.push_back({{"count", count},
                          {"oldest", t->name},
                          {"created_at", symbols.code_location(t->created_at)},
                          {"state", name_of(t->state)},
                          {"awaits", kind_of(t->awaits)},
                          {"at", place_of(*t, symbols)}});
    }
    return groups;
}

Json tasks_json(const LoopSnapshot& loop, const Sources& sources) {
    Json tasks = Json::array();
    for (const TaskSnapshot& task : loop.tasks) tasks.push_back(task_json(task, loop, sources));
    return tasks;
}

Json json_of(const Snapshot& snapshot, const Sources& sources, bool is_grouped) {
    Json loops = Json::array();
    for (const LoopSnapshot& loop : snapshot.loops) {
        Json shown = {
            {"number", loop.number}, {"thread", loop.thread}, {"backend", loop.backend}, {"stood", loop.stood}};
        if (is_grouped) {
            shown["groups"] = groups_json(loop, sources.symbols);
        } else {
            shown["tasks"] = tasks_json(loop, sources);
        }
        loops.push_back(std::move(shown));
    }
    return {{"pid", snapshot.pid},
            {"stopped_ns", snapshot.stopped},
            {"torn", snapshot.is_torn},
            {"loops", std::move(loops)}};
}

struct Found {
    const LoopSnapshot* loop = nullptr;
    const TaskSnapshot* task = nullptr;
};

Found task_named(const Snapshot& snapshot, const std::string& name) {
    Found found;
    for (const LoopSnapshot& loop : snapshot.loops) {
        for (const TaskSnapshot& task : loop.tasks) {
            if (id_of(task.id) == name) return {&loop, &task};
            if (task.name != name) continue;
            if (found.task != nullptr)
                throw hocket::ValueError("there are several tasks " + name + ": take an id, as `hocket ps` shows them");
            found = {&loop, &task};
        }
    }
    if (found.task == nullptr)
        throw hocket::ValueError("process " + std::to_string(snapshot.pid) + " has no task " + name);
    return found;
}

}  // namespace

void describe_ps(CLI::App& command, Inspection& what) {
    describe_common(command, what);
    command.add_flag("--group", what.is_grouped, "Count those that were made and wait at the same places");
}
void describe_pstree(CLI::App& command, Inspection& what) { describe_common(command, what); }
void describe_where(CLI::App& command, Inspection& what) {
    describe_common(command, what);
    command.add_option("TASK", what.task, "Its name, or its id as `hocket ps` shows it")->required();
}

void run_ps(const Inspection& what) {
    auto [snapshot, sources] = look_at("ps", what.process);
    if (what.is_json) return print_json(json_of(snapshot, sources, what.is_grouped));
    say_if_empty(snapshot);
    for (const LoopSnapshot& loop : snapshot.loops) {
        std::printf("%s\n", heading(loop).c_str());
        if (loop.tasks.empty()) continue;
        if (what.is_grouped) {
            print_groups(loop, sources.symbols);
            continue;
        }
        std::vector<std::vector<std::string>> rows{{"ID", "TASK", "STATE", "AWAITS", "AT"}};
        rows.reserve(loop.tasks.size() + 1);
        for (const TaskSnapshot& t : loop.tasks) {
            const std::vector<std::string> places = places_of(t, loop, sources);
            rows.push_back({id_of(t.id), t.name, std::string(name_of(t.state)), t.awaits.empty() ? "-" : t.awaits,
                            places.empty() ? "-" : places.front()});
        }
        print_lines(table_lines(std::move(rows)));
    }
}

void run_pstree(const Inspection& what) {
    auto [snapshot, sources] = look_at("pstree", what.process);
    if (what.is_json) return print_json(json_of(snapshot, sources, false));
    say_if_empty(snapshot);
    for (const LoopSnapshot& loop : snapshot.loops) {
        std::printf("%s\n", heading(loop).c_str());
        for (const AwaitNode& root : graph_of(loop, sources)) std::printf("%s\n", printable_graph(root).c_str());
    }
}

void run_where(const Inspection& what) {
    auto [snapshot, sources] = look_at("where", what.process);
    const auto [loop, task] = task_named(snapshot, what.task);
    if (what.is_json) return print_json(task_json(*task, *loop, sources));
    std::printf("%s\n", printable_graph(node_of(*task, *loop, sources)).c_str());
}
