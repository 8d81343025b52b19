// SPDX-License-Identifier: MIT
// A time limit without a unit means nothing.
#include <hocket/flow/timeout.h>

using namespace std::chrono_literals;
hocket::Coro<int> f();

hocket::Coro<> amain() {
    // error: hocket: a time limit has a unit: timeout\(2s, ...\)
#ifdef HOCKET_FIXED
    co_await hocket::timeout(2s, f());
#else
    co_await hocket::timeout(2, f());
#endif
}
