// SPDX-License-Identifier: MIT
// `hocket trace`: what the tasks of a process do, as a file for Perfetto and Chrome.
#pragma once

#include <string>

namespace CLI {
class App;
}

struct TraceCommand {
    std::string process;
    std::string file = "-";
    double seconds = 5;
};

/// Its options and its help.
void describe_trace(CLI::App& command, TraceCommand& options);
/// Throws what keeps it from it.
void run_trace(const TraceCommand& options);
