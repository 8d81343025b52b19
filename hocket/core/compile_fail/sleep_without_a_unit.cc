// SPDX-License-Identifier: MIT
// A number alone is no time; only 0 needs no unit.
#include <hocket/core/coro.h>
#include <hocket/core/sleep.h>

#include <chrono>

using namespace std::chrono_literals;

// error: call to consteval function .hocket::ZeroLiteral.* is not a constant expression
hocket::Coro<> rest() {
    co_await hocket::sleep(0);
#ifdef HOCKET_FIXED
    co_await hocket::sleep(5s);
#else
    co_await hocket::sleep(5);
#endif
}
