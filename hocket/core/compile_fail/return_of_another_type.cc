// SPDX-License-Identifier: MIT
// A coroutine returns what a function would: an int does not become a vector of so many elements.
#include <hocket/core/coro.h>

#include <vector>

// error: no (viable conversion|matching (member )?function)
hocket::Coro<std::vector<int>> numbers() {
#ifdef HOCKET_FIXED
    co_return {5};
#else
    co_return 5;
#endif
}
