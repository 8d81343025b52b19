// SPDX-License-Identifier: MIT
// How many descriptors this process has open: what leaks one is found out so.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace hocket::testing {

inline std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

}  // namespace hocket::testing
