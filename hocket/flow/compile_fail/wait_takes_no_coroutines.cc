// SPDX-License-Identifier: MIT
// A coroutine given to wait could not be given back: it takes tasks.
#include <hocket/flow/wait.h>

hocket::Coro<int> f();

hocket::Coro<> amain() {
    // error: hocket: wait takes tasks, not coroutines
#ifdef HOCKET_FIXED
    std::vector<hocket::Task<int>> all;
    all.push_back(hocket::create_task(f()));
#else
    std::vector<hocket::Coro<int>> all;
    all.push_back(f());
#endif
    co_await hocket::wait(std::move(all));
}
