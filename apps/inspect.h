// SPDX-License-Identifier: MIT
// `hocket ps`, `pstree` and `where`: what the tasks of a process do, or did when it ended.
#pragma once

#include <string>

namespace CLI {
class App;
}

struct Inspection {
    std::string process;      ///< its number, or the name of a core file
    std::string task;         ///< `where`: its name, or its id
    bool is_grouped = false;  ///< `ps`
    bool is_json = false;
};

/// The options and the help of each command.
void describe_ps(CLI::App& command, Inspection& what);
void describe_pstree(CLI::App& command, Inspection& what);
void describe_where(CLI::App& command, Inspection& what);
/// Throw what keeps them from it.
void run_ps(const Inspection& what);
void run_pstree(const Inspection& what);
void run_where(const Inspection& what);
