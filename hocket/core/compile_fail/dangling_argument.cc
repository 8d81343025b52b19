// SPDX-License-Identifier: MIT
// With HOCKET_WARN_DANGLING, clang sees that a coroutine outlives the temporary that it refers to.
#define HOCKET_WARN_DANGLING
#include <hocket/core/task.h>

#include <string>
#include <utility>

hocket::Coro<std::size_t> size_of(const std::string& text) { co_return text.size(); }

// warning(clang): temporary whose address is used as value of local variable 'work' will be destroyed
hocket::Coro<std::size_t> measure() {
#ifdef HOCKET_FIXED
    const std::string text = "a temporary";
    auto work = size_of(text);
#else
    auto work = size_of("a temporary");
#endif
    co_return co_await std::move(work);
}
