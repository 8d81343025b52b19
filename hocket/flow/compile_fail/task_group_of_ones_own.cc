// SPDX-License-Identifier: MIT
// A group is there for the time of its block: there is none that was not entered.
#include <hocket/flow/task_group.h>

hocket::Coro<> child() { co_return; }

hocket::Coro<> task() {
#ifdef HOCKET_FIXED
    co_await hocket::task_group([](hocket::TaskGroup& group) -> hocket::Coro<> {
        group.create_task(child());
        co_return;
    });
#else
    // error(clang): calling a private constructor of class 'hocket::TaskGroup'
    // error(gcc): hocket::TaskGroup::~?TaskGroup\(\).* is private within this context
    hocket::TaskGroup group;
    group.create_task(child());
    co_return;
#endif
}
