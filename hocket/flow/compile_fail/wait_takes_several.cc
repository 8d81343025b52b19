// SPDX-License-Identifier: MIT
// A single future is awaited as it is, or stands in a list.
#include <hocket/flow/wait.h>

hocket::Coro<> amain(hocket::Future<int> future) {
    // error: hocket: wait takes a container, a view or a list in braces
#ifdef HOCKET_FIXED
    co_await hocket::wait({future});
#else
    co_await hocket::wait(future);
#endif
}
