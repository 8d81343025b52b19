// SPDX-License-Identifier: MIT
// A task's result is what its coroutine returns; nobody else sets it.
#include <hocket/core/task.h>

// error: no member named .set_result
void answer(const hocket::Task<int>& task, const hocket::Future<int>& future) {
#ifdef HOCKET_FIXED
    future.set_result(42);
#else
    task.set_result(42);
#endif
    static_cast<void>(task.done() || future.done());
}
