// SPDX-License-Identifier: MIT
// The thread that looks for what is wrong.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/inspect/forked_internal.h>
#include <hocket/inspect/remote.h>
#include <hocket/inspect/telling_internal.h>
#include <hocket/inspect/watch_internal.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace hocket::inspect {

class DetectorThread {
public:
    DetectorThread(const DetectorOptions& options, Shared<Telling> telling);
    DetectorThread(const DetectorThread&) = delete;
    DetectorThread& operator=(const DetectorThread&) = delete;
    ~DetectorThread();
    /// In a forked child, where it is not.
    void close_descriptors() const noexcept { ::close(stop_); }

private:
    using Clock = std::chrono::steady_clock;
    using CancelKey = std::tuple<unsigned, RemoteAddress, std::string>;  // a loop's number, a task's id and name

    void run();
    int tick() const;
    void look_for_blocked();
    std::optional<Finding> look_at_step(const Watch::Step& step, std::chrono::nanoseconds lasts) const;
    void look_at_tasks();
    void look_for_stuck(const Snapshot& snapshot);
    void look_for_ignored_cancels(const Snapshot& snapshot);
    Finding ignored_cancel(const TaskSnapshot& task, const LoopSnapshot& loop, Clock::duration since) const;

    const std::chrono::nanoseconds blocked_, interval_, ignored_cancel_;
    Shared<Telling> telling_;
    Descriptor stop_;
    Sources sources_;  // without memory: no process may stop its own threads to read their stacks
    std::unordered_map<std::uint64_t, std::int64_t> told_steps_;  // since when each lasts, by its loop's mark
    std::unordered_set<std::string> stuck_before_;                // at the look before
    std::map<CancelKey, Clock::time_point> cancelled_;            // since when it is known
    std::thread thread_;
};

}  // namespace hocket::inspect
