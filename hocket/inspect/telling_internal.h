// SPDX-License-Identifier: MIT
// Who is told what detectors find.
#pragma once

#include <hocket/inspect/detectors.h>

#include <chrono>
#include <cstddef>
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

    std::mutex mutex_;
    Function<void(const Finding&)> found_;
    std::size_t most_;
    std::map<std::pair<Finding::Kind, std::string>, Clock::time_point> told_;
};

}  // namespace hocket::inspect
