// SPDX-License-Identifier: MIT
// An awaiter of another library would resume the coroutine behind the loop's back.
#include <hocket/core/coro.h>
#include <hocket/core/sleep.h>

struct Foreign {
    bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<>) {}
    void await_resume() {}
};

// error: hocket: this cannot be awaited here: it is no coroutine, task, future or other awaitable of hocket's
hocket::Coro<> wait() {
#ifdef HOCKET_FIXED
    co_await hocket::sleep(0);
#else
    co_await Foreign();
#endif
}
