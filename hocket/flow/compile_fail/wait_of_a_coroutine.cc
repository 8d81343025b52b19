// SPDX-License-Identifier: MIT
// A single coroutine is awaited as it is; to wait for it, it becomes a task in a list.
#include <hocket/flow/wait.h>

hocket::Coro<int> f();

hocket::Coro<> amain() {
    // error: hocket: wait takes a container, a view or a list in braces
#ifdef HOCKET_FIXED
    co_await hocket::wait({hocket::create_task(f())});
#else
    co_await hocket::wait(f());
#endif
}
