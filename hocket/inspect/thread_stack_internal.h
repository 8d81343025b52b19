// SPDX-License-Identifier: MIT
// What a thread is in, and who awaits that.
#pragma once

#include <hocket/base/symbols.h>
#include <hocket/inspect/memory.h>

#include <string>
#include <vector>

namespace hocket::inspect {

/// Functions, files and lines of what a thread is in now, the innermost first, down to the loop that it runs; after each that is a coroutine
/// those that await it, which no stack has, if `memory` (it may be null) tells them.
std::vector<std::string> places_of_thread(int thread, const Symbols& symbols, const Memory* memory);

}  // namespace hocket::inspect
