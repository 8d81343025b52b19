// SPDX-License-Identifier: MIT
// A coroutine belongs to a loop, and a worker has none.
#include <hocket/os/process_pool.h>

hocket::Coro<int> answer() { co_return 42; }
int plain_answer() { return 42; }

// error: .*static assertion failed.*hocket: a worker process runs ordinary functions: a coroutine belongs to the loop
hocket::Coro<int> ask(hocket::ProcessPoolExecutor& pool) {
#ifdef HOCKET_FIXED
    co_return co_await pool.run(plain_answer);
#else
    co_return co_await pool.run(answer);
#endif
}
