// SPDX-License-Identifier: MIT
// Where a task is that runs, and who awaits it there.
#pragma once

#include <hocket/inspect/remote.h>

#include <string>
#include <vector>

namespace hocket::inspect {

/// Functions, files and lines of what `task` of `loop` is in, which runs: of its thread's functions, the innermost first, down to the loop; after
/// each that is a coroutine, of those that await it, which no stack has. None where the thread has gone on to another task, or it is not known
/// which functions are this task's.
std::vector<std::string> places_of_running(const TaskSnapshot& task, const LoopSnapshot& loop, const Sources& sources);

}  // namespace hocket::inspect
