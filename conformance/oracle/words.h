// SPDX-License-Identifier: MIT
// How the oracle's traces write an exception.
#pragma once

#include <exception>
#include <string>

namespace oracle {

/// The name that asyncio has for its type, what a program said in it, its members.
std::string words(const std::exception_ptr& error);

}  // namespace oracle
