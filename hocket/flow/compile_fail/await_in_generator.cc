// SPDX-License-Identifier: MIT
// A generator of ordinary code awaits.
// error: hocket: a Generator cannot co_await: make it an AsyncGenerator
#include <hocket/core/sleep.h>
#include <hocket/flow/async_generator.h>

#ifdef HOCKET_FIXED
hocket::AsyncGenerator<int> numbers() {
#else
hocket::Generator<int> numbers() {
#endif
    co_await hocket::sleep(0);
    co_yield 1;
}
