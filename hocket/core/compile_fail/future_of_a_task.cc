// SPDX-License-Identifier: MIT
// A task is no future whose result others may set, however its handle is turned.
#include <hocket/core/task.h>

hocket::Coro<int> answer();

// error(clang): no matching constructor for initialization of '(const )?hocket::Future<int>'
// error(gcc): no matching function for call to 'hocket::Future<int>::Future\(
void overtake() {
#ifdef HOCKET_FIXED
    const hocket::AnyTask handle(hocket::create_task(answer()));
    handle.cancel();
#else
    const hocket::Future<int> handle(hocket::create_task(answer()));
    handle.set_result(42);
#endif
}
