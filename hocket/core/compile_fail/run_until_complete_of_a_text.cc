// SPDX-License-Identifier: MIT
// A loop runs until a coroutine, a task or a future is done.
#include <hocket/core/task.h>

hocket::Coro<> greet();

// error: no matching (member )?function for call to '.*run_until_complete
void start(hocket::EventLoop& loop) {
#ifdef HOCKET_FIXED
    loop.run_until_complete(greet());
#else
    loop.run_until_complete("greet");
#endif
}
