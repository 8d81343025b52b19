// SPDX-License-Identifier: MIT
// What a thread is in, and who awaits that.
#pragma once

#include <hocket/base/symbols.h>
#include <hocket/inspect/memory.h>
#include <hocket/inspect/snapshot.h>

#include <string>
#include <vector>

namespace hocket::inspect {

/// Functions, files and lines of what `task` is in, which runs on `thread`: of the thread's functions, the innermost first, down to the loop; after
/// each that is a coroutine, of those that await it, which no stack has. Without `memory` (it may be null) these are not known, nor whether the
/// thread has gone on to another task; if it has, there are none.
std::vector<std::string> places_of_running(RemoteAddress task, int thread, const Symbols& symbols,
                                           const Memory* memory);

}  // namespace hocket::inspect
