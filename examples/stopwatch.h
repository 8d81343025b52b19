// SPDX-License-Identifier: MIT
// The time since it was made, as the examples print it.
#pragma once

#include <hocket/hocket.h>

#include <chrono>

/// Inside a coroutine it is the loop's time, which is virtual where that is (HOCKET_BACKEND=sim).
class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(now() - start_).count(); }

private:
    static std::chrono::nanoseconds now() {
        return hocket::this_loop ? hocket::get_running_loop().time().time_since_epoch()
                                 : std::chrono::steady_clock::now().time_since_epoch();
    }

    std::chrono::nanoseconds start_ = now();
};
