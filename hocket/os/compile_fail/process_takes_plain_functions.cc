// SPDX-License-Identifier: MIT
// What a lambda captures is in this process: a worker gets arguments.
#include <hocket/os/process_pool.h>

// error: .*static assertion failed.*hocket: a worker process runs a pointer to a function, or a lambda that captures nothing: hand over what it needs as arguments
hocket::Coro<int> add(hocket::ProcessPoolExecutor& pool, int n) {
#ifdef HOCKET_FIXED
    co_return co_await pool.run([](int m) { return m + 1; }, n);
#else
    co_return co_await pool.run([n] { return n + 1; });
#endif
}
