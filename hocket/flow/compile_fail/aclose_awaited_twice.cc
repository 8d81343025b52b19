// SPDX-License-Identifier: MIT
// The same call of `aclose` is awaited twice.
// error: hocket: a coroutine is awaited once
#include <hocket/core/coro.h>
#include <hocket/flow/async_generator.h>

hocket::AsyncGenerator<int> numbers() { co_yield 1; }

hocket::Coro<> task() {
    auto all = numbers();
    auto closed = all.aclose();
#ifdef HOCKET_FIXED
    co_await std::move(closed);
#else
    co_await closed;
    co_await closed;
#endif
}
