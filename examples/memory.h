// SPDX-License-Identifier: MIT
// How much memory a process holds, as the system counts it.
#pragma once

#include <fstream>
#include <string>

/// A line of a process's memory figures (`Rss:`, `Private_Dirty:`), in bytes; 0 where the system does not tell.
inline double memory_bytes(const std::string& process, const std::string& label) {
    std::ifstream figures("/proc/" + process + "/smaps_rollup");
    std::string word;
    while (figures >> word) {
        double kilobytes = 0;
        if (word == label && figures >> kilobytes) return kilobytes * 1024;
    }
    return 0;
}

/// What of this process stands in memory now.
inline double resident_bytes() { return memory_bytes("self", "Rss:"); }

/// The most that this process ever held.
inline double peak_resident_bytes() {
    std::ifstream figures("/proc/self/status");
    std::string word;
    while (figures >> word) {
        double kilobytes = 0;
        if (word == "VmHWM:" && figures >> kilobytes) return kilobytes * 1024;
    }
    return 0;
}
