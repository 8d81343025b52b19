// SPDX-License-Identifier: MIT
// Has a process keep the events of its loops for a while, and writes them down.
#include "trace.h"

#include "looking.h"

#include <hocket/base/errors.h>
#include <hocket/base/symbols.h>
#include <hocket/hocket.h>
#include <hocket/http/json.h>
#include <hocket/inspect/remote.h>

#include <CLI/CLI.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

using hocket::Coro, hocket::Symbols, hocket::http::Json;

namespace {

constexpr const char* explained =
    R"(The loops of the process keep their last 65,536 events as long as this looks; each step of a task makes about three, and takes some
100 ns more. The process must have a monitor: HOCKET_INSPECT=1 in its environment, or a call of hocket::inspect::start_monitor().

The result is in the Trace Event format: open it in https://ui.perfetto.dev, or in chrome://tracing. Each task is a track with its name,
each of its steps a slice with the function, file and line where it went on, an arrow from what woke it, and how long it was
ready before. The loop's own track has its callbacks and its waits.

Of a process that may crash, or that nobody looks at in time, HOCKET_TRACE=trace-%p.json in its environment keeps the events from its
beginning, and writes them when it crashes, when it ends, and whenever it gets SIGUSR2. What is written in a crash or for a signal has
addresses in the place of functions, files and lines, which are found where the program and its libraries still are:

Examples:
  hocket trace 4711 -o trace.json           the next 5 seconds; Ctrl-C ends them early
  hocket trace 4711 --seconds 0.5 | gzip > trace.json.gz
  hocket trace trace-4711.json -o a.json    the places of a trace that a crash has left

Exit codes: 0 it was written; 1 it could not be, and standard error says why; 2 wrong usage

Documentation: docs/inspecting.md)";

void wait_until_interrupted(double seconds) {
    const auto wait = [](double time) -> Coro<> { co_await hocket::sleep(std::chrono::duration<double>(time)); };
    try {
        hocket::run(wait(seconds));
    } catch (const hocket::KeyboardInterrupt&) {
        return;  // Ctrl-C ends the recording, and what was recorded is written
    }
}

void write_file(const std::string& path, const std::string& text) {
    std::FILE* const file = path == "-" ? stdout : std::fopen(path.c_str(), "we");
    if (file == nullptr) throw hocket::OSError(errno, "write to " + path);
    const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const bool is_there = (file == stdout ? std::fflush(file) : std::fclose(file)) == 0;
    if (!is_written || !is_there) throw hocket::OSError(errno, "write to " + path);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw hocket::OSError(errno, "read the trace " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Of a trace with addresses, and with the map of the memory that they are of.
std::string with_places(const std::string& path) {
    try {
        Json trace = Json::parse(read_file(path));
        const Symbols symbols = Symbols::of_map(trace.at("otherData").at("map").get<std::string>());
        for (Json& event : trace.at("traceEvents")) {
            if (!event.contains("args") || !event["args"].contains("at")) continue;
            Json& at = event["args"]["at"];
            at = symbols.code_location(std::strtoull(at.get<std::string>().c_str(), nullptr, 16));
            if (event.at("name") == "step") event["name"] = at;
        }
        trace["otherData"].erase("map");
        return trace.dump(0, ' ', true) + "\n";
    } catch (const Json::exception&) {
        throw hocket::ValueError("find the places of " + path + ": it is no trace that has addresses in their place");
    }
}

std::string record(int pid, double seconds) {
    hocket::inspect::Observation observation(pid);
    const Symbols symbols = Symbols::of_process(pid);
    observation.trace();
    observation.look();  // by then each loop that is not blocked keeps its events
    wait_until_interrupted(seconds);
    return observation.events(symbols);
}

}  // namespace

void describe_trace(CLI::App& command, TraceCommand& options) {
    command.add_option("PROCESS", options.process, "Its number, or a file that HOCKET_TRACE had it write")->required();
    command.add_option("-o,--output", options.file, "The file; - is standard output (-)");
    command.add_option("--seconds", options.seconds, "For how long (5)")->check(CLI::Range(0.0, 86400.0));
    command.footer(explained);
}

void run_trace(const TraceCommand& options) {
    const std::optional<int> pid = number_of_process(options.process);
    write_file(options.file, pid ? record(*pid, options.seconds) : with_places(options.process));
}
