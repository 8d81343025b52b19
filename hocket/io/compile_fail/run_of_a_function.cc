// SPDX-License-Identifier: MIT
// What is run is a coroutine, not the function that gives it.
#include <hocket/io/runner.h>

hocket::Coro<> program() { co_return; }

// error: no matching function for call to 'run
void start() {
#ifdef HOCKET_FIXED
    hocket::run(program());
#else
    hocket::run(program);
#endif
}
