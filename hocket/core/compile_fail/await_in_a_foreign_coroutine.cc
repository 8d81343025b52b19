// SPDX-License-Identifier: MIT
// A coroutine of another library runs outside of any task: what could a cancel reach?
// error: hocket: this is awaited in a coroutine of hocket's
#include <hocket/core/task.h>

#include <coroutine>

hocket::Coro<> work() { co_return; }

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
void callback() { hocket::create_task(work()); }
#else
Detached callback() { co_await work(); }
#endif
