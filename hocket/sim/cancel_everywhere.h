// SPDX-License-Identifier: MIT
// A program, cancelled at each place where one of its tasks waits.
#pragma once

#include <hocket/base/function.h>
#include <hocket/sim/config.h>
#include <hocket/sim/run.h>

#include <exception>
#include <string>

namespace hocket::sim {

struct CancelOptions {
    Config config = Config::calm();
    /// Whether the program may end so: with this exception, or, where it is null, with a result. As it is, all but CancelledError is wrong.
    Function<bool(const std::exception_ptr& exception)> may_end = {};
    /// Asked after each run; what it says is what is wrong.
    Function<std::string()> invariant = {};
    /// At each point, the task that waits there is cancelled, be it the main one or another, and the rest of the program goes on. As it is, the
    /// main task is cancelled, wherever others are.
    bool each_task_alone = false;
    unsigned most = 10'000;  ///< runs; what has more points is not cancelled behind that
};

struct CancelReport {
    bool ok = false;
    unsigned points = 0;  ///< of the program where nobody cancels it
    unsigned point = 0;   ///< where it was cancelled in the run that failed, from 1; 0: nowhere
    std::string where;    ///< what the task waited for there, with the function, file and line of each await
    std::string error;    ///< all in words; empty: `ok`
    std::string story;
};

/// Runs `body` as the main program of a world, once to count its points, then once for each, at which it is cancelled. A point is where, after
/// an iteration of its host's loop, one of its tasks has begun to wait, or will go on in the next; where several have, they are one. (With
/// `each_task_alone`, each is one.) After each run the body must have ended as `may_end` says, and its host, within a minute of simulated time,
/// must have neither an open descriptor nor a task left; a run that does not end is a failure as in `run`. Stops at the first failure. What
/// `body` starts from (variables that it changes) it has to set itself. Throws RuntimeError while a loop runs on this thread.
HOCKET_EXPORT CancelReport cancel_everywhere(const Main& body, const CancelOptions& options = {});

}  // namespace hocket::sim
