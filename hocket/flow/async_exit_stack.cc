// SPDX-License-Identifier: MIT
// Running a stack's clean-ups, from the top down.
#include <hocket/flow/async_exit_stack.h>

#include <hocket/base/report.h>

#include <string>

namespace hocket {

AsyncExitStack::Exit::~Exit() = default;

Coro<AsyncExitStack&> AsyncExitStack::aenter() { co_return *this; }

Coro<bool> AsyncExitStack::aexit(std::exception_ptr error) {
    const bool received = error != nullptr;
    bool swallowed = false;  // some exception, at least once
    bool thrown = false;     // `error` is that of a clean-up
    while (top_) {
        const Unique<Exit> exit = std::exchange(top_, std::move(top_->below));
        try {
            if (co_await exit->run(error)) {
                swallowed = true;
                thrown = false;
                error = nullptr;
            }
        } catch (...) {  // the next clean-up sees it, and the caller if none swallows it
            thrown = true;
            error = std::current_exception();
        }
    }
    if (thrown) std::rethrow_exception(error);
    co_return received&& swallowed;
}

Coro<> AsyncExitStack::aclose() { co_await aexit(nullptr); }

void AsyncExitStack::drop_all() noexcept {
    std::size_t count = 0;
    // One by one: a chain of destructors would be as deep as the stack.
    while (top_) {
        top_ = std::exchange(top_->below, nullptr);
        ++count;
    }
    try {
        report("AsyncExitStack destroyed with " + std::to_string(count) +
               (count == 1 ? " clean-up that never ran" : " clean-ups that never ran") +
               ": co_await its aclose() before");
    } catch (...) {  // out of memory: the fact itself still has to be told
        report("AsyncExitStack destroyed with clean-ups that never ran");
    }
}

}  // namespace hocket
