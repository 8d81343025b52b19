// SPDX-License-Identifier: MIT
// An item that cannot be copied is given away.
#include <hocket/core/coro.h>
#include <hocket/sync/queue.h>

#include <memory>
#include <utility>

// error(clang): call to (implicitly-)?deleted .*constructor of 'std::unique_ptr<int.*
// error(gcc): use of deleted function .*unique_ptr
hocket::Coro<> produce(hocket::Queue<std::unique_ptr<int>>& queue) {
    auto item = std::make_unique<int>(1);
#ifdef HOCKET_FIXED
    co_await queue.put(std::move(item));
#else
    co_await queue.put(item);
#endif
}
