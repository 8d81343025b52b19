// SPDX-License-Identifier: MIT
// The next value of an asynchronous generator is asked for and not awaited.
// warning: nodiscard
#include <hocket/core/coro.h>
#include <hocket/flow/async_generator.h>

hocket::AsyncGenerator<int> numbers() { co_yield 1; }

hocket::Coro<> task() {
    auto all = numbers();
#ifdef HOCKET_FIXED
    co_await all.next();
#else
    all.next();
    co_return;
#endif
}
