// SPDX-License-Identifier: MIT
// A child process of a simulated program, as the coroutine has it that plays it.
#pragma once

#include <hocket/net/stream_reader.h>
#include <hocket/net/stream_writer.h>
#include <hocket/process/subprocess_options.h>
#include <hocket/sim/world.h>

#include <string>
#include <vector>

namespace hocket::sim {

/// What a program is given that was made known by `World::program`, for one run of it.
///
/// Its standard streams are pipes where its parent asked for pipes, or what that gave in their place; else /dev/null. They are closed when the
/// coroutine ends. Writing to a pipe that nobody reads any more is OSError (EPIPE), which, where nobody catches it, ends the process as
/// SIGPIPE does.
struct ChildProcess {
    Host host;                      ///< where it runs
    int pid;                        ///< no process of the real system has it
    std::vector<std::string> args;  ///< the first is the name under which it was started
    subprocess::Environment env;    ///< empty where its parent gave none
    std::string cwd;                ///< the folder in which it runs, that relative paths do not begin in
    StreamReader stdin;
    StreamWriter stdout;
    StreamWriter stderr;
};

}  // namespace hocket::sim
