// SPDX-License-Identifier: MIT
// A type that cannot be left is given to `with`.
// error: hocket: with needs a resource that has `Coro<X> aenter\(\)` and `Coro<> aexit
#include <hocket/flow/with.h>

struct Connection {
    hocket::Coro<int> aenter() { co_return 1; }
#ifdef HOCKET_FIXED
    hocket::Coro<> aexit(std::exception_ptr) { co_return; }
#endif
};

hocket::Coro<> task() {
    co_await hocket::with(Connection(), [](int) -> hocket::Coro<> { co_return; });
}
