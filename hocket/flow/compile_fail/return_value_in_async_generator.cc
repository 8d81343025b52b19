// SPDX-License-Identifier: MIT
// An asynchronous generator returns a value beside those that it yields.
// error: no member named 'return_value'
#include <hocket/core/coro.h>
#include <hocket/flow/async_generator.h>

hocket::AsyncGenerator<int> numbers() {
    co_yield 1;
#ifdef HOCKET_FIXED
    co_yield 2;
#else
    co_return 2;
#endif
}
