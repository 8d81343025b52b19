// SPDX-License-Identifier: MIT
// Who is told what detectors find.
#pragma once

#include <hocket/inspect/detectors.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace hocket::inspect {

/// Tells each thing once in a minute, and not too many of all. Any thread.
class Telling {
public:
    Telling(Function<void(const Finding&)> found, std::size_t most_in_a_minute)
        : found_(std::move(found)), most_(most_in_a_minute) {}

    void tell(const Finding& finding);

private:
    using Clock = std::chrono::steady_clock;

    void tell_now(const Finding& finding) noexcept;

    Function<void(const Finding&)> found_;
    std::size_t most_;
    std::mutex mutex_;
    std::deque<Finding> waiting_;  // those that were found while another thread tells
    bool is_telling_ = false;
    std::map<std::pair<Finding::Kind, std::string>, Clock::time_point> told_;
};

}  // namespace hocket::inspect
