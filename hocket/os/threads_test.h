// SPDX-License-Identifier: MIT
// What tests of executors count.
#pragma once

#include <chrono>
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

/// Whether it comes to have so many; ten seconds are enough. A thread that was joined stands in the system's list until the kernel is done with it.
inline bool threads_come_to(std::ptrdiff_t count) {
    for (int i = 0; i < 10'000 && threads_of_this_process() != count; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return threads_of_this_process() == count;
}

}  // namespace hocket::testing
