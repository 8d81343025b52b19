// SPDX-License-Identifier: MIT
// The block of `with` is no coroutine.
// error: hocket: with takes a function of what aenter gives
#include <hocket/flow/with.h>

struct Connection {
    hocket::Coro<int> aenter() { co_return 1; }
    hocket::Coro<> aexit(std::exception_ptr) { co_return; }
};

hocket::Coro<> task() {
#ifdef HOCKET_FIXED
    co_await hocket::with(Connection(), [](int) -> hocket::Coro<> { co_return; });
#else
    co_await hocket::with(Connection(), [](int) {});
#endif
}
