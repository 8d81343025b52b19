// SPDX-License-Identifier: MIT
// A type that cannot be entered is given to `with`.
// error: hocket: with needs a resource that has `Coro<X> aenter\(\)`
#include <hocket/flow/with.h>

struct Connection {
#ifdef HOCKET_FIXED
    hocket::Coro<int> aenter() { co_return 1; }
#endif
    hocket::Coro<> aexit(std::exception_ptr) { co_return; }
};

hocket::Coro<> task() {
    co_await hocket::with(Connection(), [](int) -> hocket::Coro<> { co_return; });
}
