// SPDX-License-Identifier: MIT
// Has a process keep the events of its loops for a while, and writes them down.
#include "trace.h"

#include "looking.h"

#include <hocket/base/errors.h>
#include <hocket/hocket.h>
#include <hocket/inspect/remote.h>

#include <CLI/CLI.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

using hocket::Coro;

namespace {

constexpr const char* explained =
    R"(The loops of the process keep their last 65,536 events as long as this looks; each step of a task makes about three, and takes some
100 ns more. The process must have a monitor: HOCKET_INSPECT=1 in its environment, or a call of hocket::inspect::start_monitor().

The result is in the Trace Event format: open it in https://ui.perfetto.dev, or in chrome://tracing. Each task is a track with its name,
each of its steps a slice with the function, file and line where it went on, an arrow from what woke it, and how long it was
ready before. The loop's own track has its callbacks and its waits.

Of a process that may crash, or that nobody looks at in time, HOCKET_TRACE=trace-%p.json in its environment keeps the events from its
beginning, and writes them when it crashes, when it ends, and whenever it gets SIGUSR2.

Examples:
  hocket trace 4711 -o trace.json           the next 5 seconds; Ctrl-C ends them early
  hocket trace 4711 --seconds 0.5 | gzip > trace.json.gz

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

}  // namespace

void describe_trace(CLI::App& command, TraceCommand& options) {
    command.add_option("PROCESS", options.process, "Its number")->required();
    command.add_option("-o,--output", options.file, "The file; - is standard output (-)");
    command.add_option("--seconds", options.seconds, "For how long (5)")->check(CLI::Range(0.0, 86400.0));
    command.footer(explained);
}

void run_trace(const TraceCommand& options) {
    const std::optional<int> pid = number_of_process(options.process);
    if (!pid) throw hocket::ValueError("trace " + options.process + ": that is no number of a process");
    hocket::inspect::Observation observation(*pid);
    const hocket::Symbols symbols = hocket::Symbols::of_process(*pid);
    observation.trace();
    wait_until_interrupted(options.seconds);
    write_file(options.file, observation.events(symbols));
}
