// SPDX-License-Identifier: MIT
// What happened between two looks at a process.
#pragma once

#include <hocket/inspect/snapshot.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Of one task, between two looks; shares are parts of the time between them.
struct TaskRates {
    const hocket::inspect::TaskSnapshot* task = nullptr;
    double busy = 0, scheduled = 0;                 ///< shares
    double resumes = 0, wakes = 0, self_wakes = 0;  ///< in a second
    std::int64_t delay_99 = 0;                      ///< 99 of 100 steps began so many ns after it was ready, at most
    std::int64_t longest = 0;                       ///< ns of the longest step since the counting began
};

struct LoopRates {
    const hocket::inspect::LoopSnapshot* loop = nullptr;
    bool is_known = false;                                    ///< there is a look before this one, and it counts
    double busy = 0, waiting = 0;                             ///< shares; busy is the time in steps and callbacks
    double steps = 0, callbacks = 0, created = 0, ended = 0;  ///< in a second
    hocket::inspect::Histogram step_times, delays;            ///< between the two looks
    std::vector<TaskRates> tasks;
};

/// Of each loop of `now`, which outlives the result, since `before`; a loop or task that was not there yet then is taken as it is.
std::vector<LoopRates> rates_between(const hocket::inspect::Snapshot& before, const hocket::inspect::Snapshot& now);

/// By `busy`, `steps`, `delay` or `longest`, the largest first, or by `name`.
void sort_tasks(std::vector<TaskRates>& tasks, std::string_view order);

/// `850 ns`, `12.3 us`, `4.56 ms`, `1.20 s`
std::string duration_text(std::int64_t nanoseconds);
/// `3`, `812`, `12.3k`, `4.5M`
std::string rate_text(double rate);
/// `12.3 %`
std::string share_text(double share);
