// SPDX-License-Identifier: MIT
// A value is sent to an asynchronous generator and not awaited.
// warning: nodiscard
#include <hocket/core/coro.h>
#include <hocket/flow/async_generator.h>

hocket::AsyncGenerator<int, int> numbers() { co_yield 1; }

hocket::Coro<> task() {
    auto all = numbers();
    co_await all.next();
#ifdef HOCKET_FIXED
    co_await all.asend(1);
#else
    all.asend(1);
#endif
}
