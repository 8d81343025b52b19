// SPDX-License-Identifier: MIT
// A task fails with what its coroutine throws; nobody else sets that.
#include <hocket/core/task.h>

// error: no member named .set_exception
void fail(const hocket::Task<int>& task) {
#ifdef HOCKET_FIXED
    task.cancel();
#else
    task.set_exception(hocket::ValueError("no"));
#endif
}
