// SPDX-License-Identifier: MIT
// A pointer leads nowhere in another process.
#include <hocket/os/process_pool.h>

#include <vector>

// error: .*static assertion failed.*hocket: an argument or the result cannot go to another process: give its parts, as numbers, std::string, .*
hocket::Coro<int> sum(hocket::ProcessPoolExecutor& pool, const std::vector<int>& numbers) {
#ifdef HOCKET_FIXED
    co_return co_await pool.run([](const std::vector<int>& n) { return n.at(0) + n.at(1); }, numbers);
#else
    co_return co_await pool.run([](const int* n) { return n[0] + n[1]; }, numbers.data());
#endif
}
