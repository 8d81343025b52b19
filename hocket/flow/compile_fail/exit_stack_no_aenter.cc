// SPDX-License-Identifier: MIT
// A type that cannot be entered is given to a stack of clean-ups.
// error: hocket: enter_async_context needs a resource that has `Coro<X> aenter\(\)`
#include <hocket/flow/async_exit_stack.h>

struct Connection {
#ifdef HOCKET_FIXED
    hocket::Coro<int> aenter() { co_return 1; }
#endif
    hocket::Coro<> aexit(std::exception_ptr) { co_return; }
};

hocket::Coro<> task(hocket::AsyncExitStack& stack) { co_await stack.enter_async_context(Connection()); }
