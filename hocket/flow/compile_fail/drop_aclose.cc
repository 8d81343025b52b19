// SPDX-License-Identifier: MIT
// The end of an asynchronous generator is asked for and not awaited.
// warning: nodiscard
#include <hocket/core/coro.h>
#include <hocket/flow/async_generator.h>

hocket::AsyncGenerator<int> numbers() { co_yield 1; }

hocket::Coro<> task() {
    auto all = numbers();
    co_await all.next();
#ifdef HOCKET_FIXED
    co_await all.aclose();
#else
    all.aclose();
#endif
}
