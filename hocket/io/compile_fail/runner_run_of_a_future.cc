// SPDX-License-Identifier: MIT
// What a runner runs is a coroutine; a future's end is waited for by one, or by the loop.
#include <hocket/io/runner.h>

// error(clang): no matching member function for call to 'run'
// error(gcc): no matching function for call to 'hocket::Runner::run
int program(hocket::Runner& runner, hocket::Future<int> future) {
#ifdef HOCKET_FIXED
    return runner.get_loop().run_until_complete(future);
#else
    return runner.run(future);
#endif
}
