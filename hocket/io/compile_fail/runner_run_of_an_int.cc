// SPDX-License-Identifier: MIT
// What a runner runs is a coroutine.
#include <hocket/io/runner.h>

hocket::Coro<int> answer() { co_return 42; }

// error(clang): no matching member function for call to 'run'
// error(gcc): no matching function for call to 'hocket::Runner::run
int program(hocket::Runner& runner) {
#ifdef HOCKET_FIXED
    return runner.run(answer());
#else
    return runner.run(42);
#endif
}
