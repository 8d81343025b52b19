// SPDX-License-Identifier: MIT
// What tests of executors count.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <thread>

namespace hocket::testing {

/// How many threads this process has.
inline std::ptrdiff_t threads_of_this_process() {
    [[maybe_unused]] static const bool counted_one_before = [] {
        std::thread([] {}).join();  // with the first, a sanitizer makes one of its own
        return true;
    }();
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

}  // namespace hocket::testing
