// SPDX-License-Identifier: MIT
// What tests of executors count.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace hocket::testing {

/// Whether the thread of this folder of /proc goes on. One that was joined stands there until the kernel is done with it, but was marked as
/// exiting before its joiner woke.
inline bool goes_on(const std::filesystem::path& thread) {
    constexpr unsigned long exiting = 0x4;  // the kernel's PF_EXITING
    std::ifstream file(thread / "stat");
    std::string line;
    if (!std::getline(file, line)) return false;                  // it has left while this looked
    std::istringstream fields(line.substr(line.rfind(')') + 1));  // behind the name, which may hold anything
    std::string skipped;
    for (int field = 3; field < 9; ++field) fields >> skipped;
    unsigned long flags = 0;
    fields >> flags;
    return (flags & exiting) == 0;
}

/// How many threads this process has.
inline std::ptrdiff_t threads_of_this_process() {
    [[maybe_unused]] static const bool counted_one_before = [] {
        std::thread([] {}).join();  // with the first, a sanitizer makes one of its own
        return true;
    }();
    std::ptrdiff_t count = 0;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) count += goes_on(thread) ? 1 : 0;
    return count;
}

}  // namespace hocket::testing
