// SPDX-License-Identifier: MIT
// What is said of asynchronous generators that are used wrongly, and the end of their closing.
#include <hocket/flow/async_generator.h>

#include <hocket/base/report.h>
#include <hocket/base/symbols.h>

#include <string>
#include <typeinfo>

namespace hocket {

void throw_generator_running(const char* call, const void* at) {
    throw RuntimeError(std::string(call) + "(): asynchronous generator is already running: " + code_location(at));
}

void throw_generator_ignored_exit(const void* at) {
    throw RuntimeError("asynchronous generator ignored GeneratorExit: it yields in " + code_location(at));
}

void report_needs_aclose(const void* at) noexcept {
    try {
        report("asynchronous generator destroyed before its end, at its co_yield in " + code_location(at) +
               "\n  clean-up of it that awaits did not run: co_await its aclose() before");
    } catch (...) {  // out of memory: the fact itself still has to be told
        report("an asynchronous generator was destroyed before its end");
    }
}

void settle_generator_exit(EventLoop& loop) {
    if (!loop.raised) return;
    const std::exception_ptr raised = std::exchange(loop.raised, {});
    if (*raised.__cxa_exception_type() != typeid(GeneratorExit)) std::rethrow_exception(raised);
}

}  // namespace hocket
