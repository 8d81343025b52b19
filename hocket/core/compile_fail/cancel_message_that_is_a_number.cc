// SPDX-License-Identifier: MIT
// The message of a cancel is a text.
#include <hocket/core/task.h>

#include <string>

// error(clang): no matching member function for call to 'cancel'
// error(gcc): no matching function for call to .*cancel\(int\)
void call_it(const hocket::Task<int>& task) {
#ifdef HOCKET_FIXED
    task.cancel(std::to_string(5));
#else
    task.cancel(5);
#endif
}
