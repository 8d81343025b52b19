// SPDX-License-Identifier: MIT
// A time limit cancels the task that it is awaited in.
// error: hocket: this is awaited in a coroutine of hocket's
#include <hocket/core/task.h>
#include <hocket/flow/timeout.h>

#include <coroutine>

using namespace std::chrono_literals;
hocket::Coro<> work();

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
hocket::Coro<> limited() { co_await hocket::timeout(2s, work()); }
void callback() { hocket::create_task(limited()); }
#else
Detached callback() { co_await hocket::timeout(2s, work()); }
#endif
