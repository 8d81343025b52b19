// SPDX-License-Identifier: MIT
// What the tests of gather, wait, shield and time limits share: small coroutines, and a clock that counts iterations.
#pragma once

#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <exception>
#include <string>

namespace hocket::testing {

/// Notes `v7` and gives 7, after some turns.
inline Coro<int> noted(Trace& trace, int turns_before, int value) {
    co_await turns(turns_before);
    trace.note("v" + std::to_string(value));
    co_return value;
}

/// Notes `f7` and throws RuntimeError("7"), after some turns.
inline Coro<int> failing(Trace& trace, int turns_before, int value) {
    co_await turns(turns_before);
    trace.note("f" + std::to_string(value));
    throw RuntimeError(std::to_string(value));
}

/// Waits for ever. Cancelled, it notes `c7` and, after some turns more, `x7`.
inline Coro<int> stubborn(Trace& trace, int turns_to_end, int value) {
    std::exception_ptr cancelled;
    try {
        co_await forever();
    } catch (const CancelledError&) {  // thrown on below
        cancelled = std::current_exception();
    }
    trace.note("c" + std::to_string(value));
    co_await turns(turns_to_end);
    trace.note("x" + std::to_string(value));
    std::rethrow_exception(cancelled);
}

/// One note an iteration: what stands between two of them happened in one.
inline Coro<> ticks(Trace& trace, int n) {
    for (int i = 0; i < n; ++i) {
        trace.note("t" + std::to_string(i));
        co_await hocket::sleep(0);
    }
}

/// The trace of a program beside `n` ticks, with `done` at its end.
inline std::string with_ticks(int n, Coro<> (*program)(Trace&)) {
    Trace trace;
    run([&]() -> Coro<> {
        auto clock = create_task(ticks(trace, n));
        co_await program(trace);
        trace.note("done");
        co_await clock;
    }());
    return trace.taken();
}

/// How often the current task was cancelled, less `uncancel`.
inline unsigned cancelling() { return current_task().cancelling(); }

}  // namespace hocket::testing
