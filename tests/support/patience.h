// SPDX-License-Identifier: MIT
// Waiting for what another thread does, in a test that fails where it never does it.
#pragma once

#include <chrono>
#include <thread>

namespace hocket::testing {

/// Long enough on any machine, and for two waits of a test, which has 60 s.
inline constexpr std::chrono::seconds patience(20);

/// Whether `is_so()` comes true in that time; asks again and again.
template <class F>
bool comes_true(F is_so) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!is_so()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace hocket::testing
