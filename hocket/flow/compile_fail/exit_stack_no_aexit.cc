// SPDX-License-Identifier: MIT
// A type that cannot be left is given to a stack of clean-ups.
// error: hocket: enter_async_context needs a resource that has `Coro<X> aenter\(\)` and `Coro<> aexit
#include <hocket/flow/async_exit_stack.h>

struct Connection {
    hocket::Coro<int> aenter() { co_return 1; }
#ifdef HOCKET_FIXED
    hocket::Coro<> aexit(std::exception_ptr) { co_return; }
#endif
};

hocket::Coro<> task(hocket::AsyncExitStack& stack) { co_await stack.enter_async_context(Connection()); }
