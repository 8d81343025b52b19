// SPDX-License-Identifier: MIT
// The names of functions, as reports show them.
#pragma once

#include <string>

namespace hocket {

/// `app::load` of the symbol of `hocket::Coro<int> app::load<int>(int, char) const`, and of what compilers make of that coroutine.
std::string readable_name(const char* symbol);

}  // namespace hocket
