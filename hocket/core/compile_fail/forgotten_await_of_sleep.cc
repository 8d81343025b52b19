// SPDX-License-Identifier: MIT
// Sleeping is awaited, like everything else.
#include <hocket/core/coro.h>
#include <hocket/core/sleep.h>

#include <chrono>

using namespace std::chrono_literals;

// warning: nodiscard
hocket::Coro<> restless() {
#ifdef HOCKET_FIXED
    co_await hocket::sleep(1s);
#else
    hocket::sleep(1s);
#endif
    co_return;
}
