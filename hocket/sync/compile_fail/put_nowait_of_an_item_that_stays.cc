// SPDX-License-Identifier: MIT
// An item that cannot be copied is given away, to a queue that may refuse it, too.
#include <hocket/sync/queue.h>

#include <memory>
#include <utility>

// error: .*an item that cannot be copied is given away: put_nowait\(std::move\(item\)\)
void produce(hocket::Queue<std::unique_ptr<int>>& queue) {
    auto item = std::make_unique<int>(1);
#ifdef HOCKET_FIXED
    queue.put_nowait(std::move(item));
#else
    queue.put_nowait(item);
#endif
}
