// SPDX-License-Identifier: MIT
// What is given to `aclosing` cannot be closed.
// error: hocket: aclosing needs a thing that has an `aclose\(\)` to await
#include <hocket/flow/with.h>

struct Connection {
#ifdef HOCKET_FIXED
    hocket::Coro<> aclose() { co_return; }
#else
    void close() {}
#endif
};

hocket::Coro<> task() {
    co_await hocket::with(hocket::aclosing(Connection()), []() -> hocket::Coro<> { co_return; });
}
