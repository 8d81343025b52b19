// SPDX-License-Identifier: MIT
// A coroutine that gives one result yields many.
// error: no member named 'yield_value'
#include <hocket/core/coro.h>
#include <hocket/flow/async_generator.h>

#ifdef HOCKET_FIXED
hocket::AsyncGenerator<int> numbers() {
#else
hocket::Coro<int> numbers() {
#endif
    co_yield 1;
}
