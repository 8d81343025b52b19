// SPDX-License-Identifier: MIT
// A time limit without a unit means nothing.
#include <hocket/flow/wait_for.h>

using namespace std::chrono_literals;
hocket::Coro<int> f();

hocket::Coro<> amain() {
    // error: hocket: a time limit has a unit: wait_for\(f\(\), 2s\)
#ifdef HOCKET_FIXED
    co_await hocket::wait_for(f(), 2s);
#else
    co_await hocket::wait_for(f(), 2);
#endif
}
