// SPDX-License-Identifier: MIT
// A group has a parent, the task that it is awaited in.
// error: hocket: this is awaited in a coroutine of hocket's
#include <hocket/flow/task_group.h>

#include <coroutine>

hocket::Coro<> block(hocket::TaskGroup&) { co_return; }

struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
};

#ifdef HOCKET_FIXED
void callback() { hocket::create_task(hocket::task_group(block)); }
#else
Detached callback() { co_await hocket::task_group(block); }
#endif
