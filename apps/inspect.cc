// SPDX-License-Identifier: MIT
// Asks a process, finds functions, files and lines, and prints tables, trees and JSON.
#include "inspect.h"

#include <hocket/base/errors.h>
#include <hocket/base/symbols.h>
#include <hocket/http/json.h>
#include <hocket/inspect/remote.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <map>
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
    Symbols symbols;
};

Look look_at_core(const std::string& file) {
    Snapshot snapshot = read_snapshot(*memory_of_core(file));
    return {std::move(snapshot), Symbols::of_core(file)};
}

// By its monitor; where that cannot answer, from its memory.
Look look_at_process(int pid) {
    std::string why;
    try {
        Snapshot snapshot = snapshot_of_process(pid);
        return {std::move(snapshot), Symbols::of_process(pid)};
    } catch (const hocket::OSError& e) {
        if (e.error_number() == ESRCH) throw;
        why = e.what();
    } catch (const std::exception& e) {
        why = e.what();
    }
    try {
        Snapshot snapshot = read_snapshot(*memory_of_process(pid));
        return {std::move(snapshot), Symbols::of_process(pid)};
    } catch (const std::exception& e) {
        throw hocket::RuntimeError(std::string(e.what()) + " (and " + why + ")");
    }
}

// Names may be made of what others sent: nothing of them is for the terminal to obey.
std::string printable(std::string_view text) {
    std::string result;
    unsigned char before = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        const auto ends_control = [](unsigned char c) { return c >= 0x80 && c < 0xA0; };  // U+0080 to U+009F in UTF-8
        const bool is_control = byte < 0x20 || byte == 0x7F || (byte == 0xC2 && ends_control(next)) ||
                                (before == 0xC2 && ends_control(byte));
        before = byte;
        if (!is_control) {
            result += text[i];
        } else {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\x%02x", static_cast<unsigned>(byte));
            result += escaped.data();
        }
    }
    return result;
}

// What is printed of a graph, whose lines are its own.
std::string printable_graph(AwaitNode node) {
    const auto clean = [](AwaitNode& n, const auto& self) -> void {
        n.name = printable(n.name);
        n.state = printable(n.state);
        for (AwaitNode& below : n.awaits) self(below, self);
    };
    clean(node, clean);
    return format_call_graph(node);
}

Look look_at(const std::string& process) {
    int pid = 0;
    const auto [end, error] = std::from_chars(process.data(), process.data() + process.size(), pid);
    const bool is_number = error == std::errc() && end == process.data() + process.size() && pid > 0;
    return is_number ? look_at_process(pid) : look_at_core(process);
}

std::string id_of(RemoteAddress id) {
    std::array<char, 20> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(id));
    return text.data();
}

void say_if_empty(const Snapshot& snapshot) {
    if (snapshot.loops.empty()) std::printf("process %d has no loop\n", snapshot.pid);
}

std::string heading(const LoopSnapshot& loop) {
    std::string text = "loop " + std::to_string(loop.number) + ", " + loop.backend;
    text += loop.thread != 0 ? ", on thread " + std::to_string(loop.thread) : ", not running";
    text += ", " + std::to_string(loop.tasks.size()) + (loop.tasks.size() == 1 ? " task" : " tasks");
    if (loop.thread != 0 && !loop.stood) text += "; it is busy, or blocked";
    return text;
}

Json json_of(const TaskSnapshot& task, const LoopSnapshot& loop, const Symbols& symbols) {
    Json awaited = Json::array();
    for (const RemoteAddress id : task.awaited) awaited.push_back(id_of(id));
    return {{"id", id_of(task.id)},
            {"name", task.name},
            {"state", name_of(task.state)},
            {"cancels", task.cancels},
            {"awaits", task.awaits},
            {"awaited_tasks", std::move(awaited)},
            {"frames", places_of(task, loop, symbols)},
            {"created_at", symbols.code_location(task.created_at)}};
}

Json json_of(const Snapshot& snapshot, const Symbols& symbols) {
    Json loops = Json::array();
    for (const LoopSnapshot& loop : snapshot.loops) {
        Json tasks = Json::array();
        for (const TaskSnapshot& task : loop.tasks) tasks.push_back(json_of(task, loop, symbols));
        loops.push_back({{"number", loop.number},
                         {"thread", loop.thread},
                         {"backend", loop.backend},
                         {"stood", loop.stood},
                         {"tasks", std::move(tasks)}});
    }
    return {{"pid", snapshot.pid}, {"stopped_ns", snapshot.stopped}, {"loops", std::move(loops)}};
}

void print_json(const Json& value) {
    std::printf("%s\n", value.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

// Columns as wide as what stands in them.
void print_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
        }
        std::printf("%s\n", line.c_str());
    }
}

// What is the same of many tasks: where they were made, what they wait for and where.
struct Group {
    std::size_t count = 0;
    const TaskSnapshot* oldest = nullptr;
};

// Numbers in what is awaited differ from task to task: `sleep, 1.2 s left`.
std::string kind_of(const std::string& awaits) { return awaits.substr(0, awaits.find_first_of(",0123456789")); }

void print_groups(const LoopSnapshot& loop, const Symbols& symbols) {
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
    std::vector<std::vector<std::string>> rows{{"TASKS", "OLDEST", "CREATED AT", "STATE", "AWAITS", "AT"}};
    rows.reserve(largest_first.size() + 1);
    for (const auto& [count, t] : largest_first) {
        rows.push_back({std::to_string(count), printable(t->name), symbols.code_location(t->created_at),
                        std::string(name_of(t->state)), t->awaits.empty() ? "-" : printable(kind_of(t->awaits)),
                        t->frames.empty() ? "-" : symbols.code_location(t->frames.front())});
    }
    print_table(rows);
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
    auto [snapshot, symbols] = look_at(what.process);
    if (what.is_json) return print_json(json_of(snapshot, symbols));
    say_if_empty(snapshot);
    for (const LoopSnapshot& loop : snapshot.loops) {
        std::printf("%s\n", heading(loop).c_str());
        if (loop.tasks.empty()) continue;
        if (what.is_grouped) {
            print_groups(loop, symbols);
            continue;
        }
        std::vector<std::vector<std::string>> rows{{"ID", "TASK", "STATE", "AWAITS", "AT"}};
        rows.reserve(loop.tasks.size() + 1);
        for (const TaskSnapshot& t : loop.tasks) {
            const std::vector<std::string> places = places_of(t, loop, symbols);
            rows.push_back({id_of(t.id), printable(t.name), std::string(name_of(t.state)),
                            t.awaits.empty() ? "-" : printable(t.awaits), places.empty() ? "-" : places.front()});
        }
        print_table(rows);
    }
}

void run_pstree(const Inspection& what) {
    auto [snapshot, symbols] = look_at(what.process);
    if (what.is_json) return print_json(json_of(snapshot, symbols));
    say_if_empty(snapshot);
    for (const LoopSnapshot& loop : snapshot.loops) {
        std::printf("%s\n", heading(loop).c_str());
        for (const AwaitNode& root : graph_of(loop, symbols)) std::printf("%s\n", printable_graph(root).c_str());
    }
}

void run_where(const Inspection& what) {
    auto [snapshot, symbols] = look_at(what.process);
    const auto [loop, task] = task_named(snapshot, what.task);
    if (what.is_json) return print_json(json_of(*task, *loop, symbols));
    std::printf("%s\n", printable_graph(node_of(*task, *loop, symbols)).c_str());
}
