// SPDX-License-Identifier: MIT
// `hocket top`: what the tasks of a process do from second to second.
#pragma once

#include <string>

namespace CLI {
class App;
}

struct TopOptions {
    std::string process;
    double interval = 1;  ///< seconds between two looks
    unsigned count = 0;   ///< looks; 0: until it is ended, or the process
    std::string sort = "busy";
    bool is_json = false;
};

/// Its options and its help.
void describe_top(CLI::App& command, TopOptions& options);
/// Throws what keeps it from it.
void run_top(const TopOptions& options);
