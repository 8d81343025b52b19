// SPDX-License-Identifier: MIT
// The same call of `next` is awaited twice, for two values.
// error: hocket: a coroutine is awaited once
#include <hocket/core/coro.h>
#include <hocket/flow/async_generator.h>

hocket::AsyncGenerator<int> numbers() {
    co_yield 1;
    co_yield 2;
}

hocket::Coro<> task() {
    auto all = numbers();
#ifdef HOCKET_FIXED
    co_await all.next();
    co_await all.next();
#else
    auto next = all.next();
    co_await next;
    co_await next;
#endif
}
