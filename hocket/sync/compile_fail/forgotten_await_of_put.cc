// SPDX-License-Identifier: MIT
// Nothing is in the queue until the put is awaited.
#include <hocket/core/coro.h>
#include <hocket/sync/queue.h>

// warning: .*nothing is put until this is awaited
hocket::Coro<> produce(hocket::Queue<int>& queue) {
#ifdef HOCKET_FIXED
    co_await queue.put(1);
#else
    queue.put(1);
#endif
    co_return;
}
