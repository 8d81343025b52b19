// SPDX-License-Identifier: MIT
// An awaitable of another library is awaited without an adapter: it would resume the task behind the loop's back.
// error: hocket: this cannot be awaited here
#include <hocket/core/coro.h>
#include <hocket/flow/adapt.h>

hocket::Coro<> task() {
#ifdef HOCKET_FIXED
    co_await hocket::adapt(std::suspend_always());
#else
    co_await std::suspend_always();
#endif
}
