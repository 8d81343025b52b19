// SPDX-License-Identifier: MIT
// The block of `task_group` is no coroutine.
// error: hocket: task_group takes a function of this kind
#include <hocket/flow/task_group.h>

hocket::Coro<> child() { co_return; }

hocket::Coro<> task() {
#ifdef HOCKET_FIXED
    co_await hocket::task_group([](hocket::TaskGroup& group) -> hocket::Coro<> {
        group.create_task(child());
        co_return;
    });
#else
    co_await hocket::task_group([](hocket::TaskGroup& group) { group.create_task(child()); });
#endif
}
