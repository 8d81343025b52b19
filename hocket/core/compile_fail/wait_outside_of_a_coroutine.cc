// SPDX-License-Identifier: MIT
// Only a function that returns a coroutine awaits.
#include <hocket/core/coro.h>

hocket::Coro<> work() { co_return; }

// error(clang): this function cannot be a coroutine
// error(gcc): unable to find the promise type for this coroutine
#ifdef HOCKET_FIXED
hocket::Coro<int> program() {
#else
int program() {
#endif
    co_await work();
    co_return 0;
}
