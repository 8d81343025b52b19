// SPDX-License-Identifier: MIT
// What is run is a coroutine.
#include <hocket/io/runner.h>

hocket::Coro<int> answer() { co_return 42; }

// error: no matching function for call to 'run
int program() {
#ifdef HOCKET_FIXED
    return hocket::run(answer());
#else
    return hocket::run(42);
#endif
}
