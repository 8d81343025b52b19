// SPDX-License-Identifier: MIT
// A result that is referred to lives with the handle.
#include <hocket/core/task.h>

#include <string>

hocket::Task<std::string> fetch();

// warning(clang): temporary bound to local reference 'text' will be destroyed at the end of the full-expression
void look() {
#ifdef HOCKET_FIXED
    const auto task = fetch();
    [[maybe_unused]] const std::string& text = task.result();
#else
    [[maybe_unused]] const std::string& text = fetch().result();
#endif
}
