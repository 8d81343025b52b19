// SPDX-License-Identifier: MIT
// What is said of coroutines that are used wrongly.
#include <hocket/core/coro.h>

#include <hocket/base/report.h>
#include <hocket/base/symbols.h>

#include <string>

namespace hocket {

void report_never_awaited(const void* function, const void* dropped) noexcept {
    try {
        std::string text = "coroutine was never awaited: " + code_location(function);
        const std::string where = code_location(dropped);
        if (!where.empty()) text += "\n  dropped in " + where;
        report(text);
    } catch (...) {  // out of memory: the fact itself still has to be told
        report("a coroutine was never awaited");
    }
}

void throw_not_awaitable(std::coroutine_handle<> h) {
    if (!h) throw RuntimeError("cannot await a coroutine that was moved from, closed or made a task");
    throw RuntimeError("cannot await a coroutine twice: " + code_location(promise_of(h).pc));
}

}  // namespace hocket
