// SPDX-License-Identifier: MIT
// The time since it was made, as the examples print it.
#pragma once

#include <chrono>

class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
