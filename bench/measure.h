// SPDX-License-Identifier: MIT
// What the benchmark programs share: the clock, the process's memory, random sleeps and the line that run.py reads.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace bench {

inline double now() {
    std::timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// A figure of /proc that is given in kilobytes ("Rss:", "VmHWM:"), in bytes.
inline double memory(const char* file, const char* label) {
    std::FILE* f = std::fopen(file, "r");
    if (!f) std::abort();
    char line[256];
    long kilobytes = -1;
    while (kilobytes < 0 && std::fgets(line, sizeof line, f)) {
        if (std::strncmp(line, label, std::strlen(label)) == 0)
            kilobytes = std::strtol(line + std::strlen(label), nullptr, 10);
    }
    std::fclose(f);
    return 1024.0 * static_cast<double>(kilobytes);
}
inline double resident_bytes() { return memory("/proc/self/smaps_rollup", "Rss:"); }  // exact, where statm may lag
inline double peak_bytes() { return memory("/proc/self/status", "VmHWM:"); }

/// One measured figure. Standard output carries nothing else.
inline void report(const char* figure, double value) { std::printf("%s %.4f\n", figure, value); }

/// The seconds that `work(items)` takes for each item; a short round before it fills the caches.
template <class Work>
double seconds_each(int items, Work work) {
    work(1000);
    const double start = now();
    work(items);
    return (now() - start) / items;
}
template <class Work>
void report_ns(int items, Work work) {
    report("ns", seconds_each(items, work) * 1e9);
}
template <class Work>
void report_us(int items, Work work) {
    report("us", seconds_each(items, work) * 1e6);
}

/// Seconds from 0 to 1, the same sequence in every program (xorshift64).
class RandomSeconds {
public:
    double next() {
        x_ ^= x_ << 13;
        x_ ^= x_ >> 7;
        x_ ^= x_ << 17;
        return static_cast<double>(x_ >> 11) * 0x1p-53;
    }

private:
    std::uint64_t x_ = 88172645463325252;
};

struct Workload {
    const char* name;
    void (*run)();
};

/// Runs the workload that the command line names. Each has a process to itself, since memory is measured too.
template <int n>
int main_of(const Workload (&workloads)[n], int argc, char** argv) {
    for (const Workload& w : workloads) {
        if (argc == 2 && std::strcmp(argv[1], w.name) == 0) return w.run(), 0;
    }
    std::fprintf(stderr, "usage: %s WORKLOAD, one of:", argv[0]);
    for (const Workload& w : workloads) std::fprintf(stderr, " %s", w.name);
    std::fprintf(stderr, "\n");
    return 2;
}

}  // namespace bench
