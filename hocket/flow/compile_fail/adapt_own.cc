// SPDX-License-Identifier: MIT
// An awaitable of hocket's goes through the adapter, where a cancel could not reach it.
// error: hocket: adapt is for other libraries' awaitables
#include <hocket/core/coro.h>
#include <hocket/flow/adapt.h>

hocket::Coro<> inner() { co_return; }

hocket::Coro<> task() {
#ifdef HOCKET_FIXED
    co_await inner();
#else
    co_await hocket::adapt(inner());
#endif
}
