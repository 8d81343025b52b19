// SPDX-License-Identifier: MIT
// What an HTTP client of these benchmarks measures of itself: processor time and peak memory for a request, and how long they took.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../measure.h"

namespace bench {

/// What 50 and 99 of 100 do not exceed.
inline void report_percentiles(std::vector<double>& seconds) {
    std::sort(seconds.begin(), seconds.end());
    for (const int percent : {50, 99}) {
        const double us = 1e6 * seconds[(seconds.size() - 1) * static_cast<std::size_t>(percent) / 100];
        std::printf("p%d_us %.1f\n", percent, us);
    }
}

inline double own_processor_time() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/// The program's arguments: PORT COUNT CONCURRENCY.
struct ClientRun {
    int port, count, concurrency;

    ClientRun(int argc, char** argv) {
        if (argc != 4) std::exit((std::fprintf(stderr, "usage: %s PORT COUNT CONCURRENCY\n", argv[0]), 2));
        port = std::atoi(argv[1]);
        count = std::atoi(argv[2]);
        concurrency = std::atoi(argv[3]);
        rlimit files{};
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    /// Requests before those that are measured; none where all are there at once.
    int to_warm_up() const { return count > concurrency ? std::max(count / 10, concurrency) : 0; }
};

class ClientFigures {
public:
    /// The requests from now on; memory is that since this object was made.
    void begin() {
        seconds_.clear();
        cpu_ = own_processor_time();
    }
    void add(double seconds) { seconds_.push_back(seconds); }
    void check(int status, std::size_t length) const {
        if (status == 200 && length == 13) return;
        std::fprintf(stderr, "status %d, %zu bytes\n", status, length);
        std::exit(1);
    }
    void report(int concurrency) {
        const double cpu = own_processor_time() - cpu_;
        bench::report("cpu_us", 1e6 * cpu / static_cast<double>(seconds_.size()));
        bench::report("bytes", (peak_bytes() - bytes_) / concurrency);
        report_percentiles(seconds_);
    }

private:
    std::vector<double> seconds_;
    const double bytes_ = resident_bytes();
    double cpu_ = 0;
};

}  // namespace bench
