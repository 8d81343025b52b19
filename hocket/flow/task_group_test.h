// SPDX-License-Identifier: MIT
// Children and expectations that the tests of task groups share.
#pragma once

#include <hocket/base/exception_group.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/task_group.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <string>

namespace hocket::testing {

/// Waits for its cancel, notes it, and cleans up for `n` turns.
inline Coro<> stubborn(Trace& trace, int n, std::string name = "cancelled") {
    std::exception_ptr error;
    try {
        co_await forever();
    } catch (const CancelledError&) {
        error = std::current_exception();
    }
    trace.note(name);
    co_await turns(n);
    trace.note("cleaned");
    std::rethrow_exception(error);
}

/// Waits for its cancel, and fails instead.
inline Coro<> failing_cleanup(std::string what) {
    try {
        co_await forever();
    } catch (const CancelledError&) {
        throw RuntimeError(what);
    }
}

/// Throws `error`, after `n` turns of the others.
template <class E>
Coro<> raising_after(int n, E error) {
    co_await turns(n);
    throw error;
}

/// How `describe` words what a group throws.
inline constexpr const char* unhandled_one =
    "hocket::ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n";
inline constexpr const char* unhandled_two =
    "hocket::ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)\n";

}  // namespace hocket::testing
