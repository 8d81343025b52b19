// SPDX-License-Identifier: MIT
// What the tests of barriers share: tasks that pass one.
#pragma once

#include <hocket/sync/barrier.h>

#include <tests/support/trace.h>

#include <vector>

namespace hocket::testing {

/// Notes its position, or that the barrier was broken.
inline Coro<> pass(Barrier& barrier, Trace& trace) {
    try {
        trace.note(co_await barrier.wait());
    } catch (const BrokenBarrierError&) {
        trace.note("broken");
    }
}

inline std::vector<Task<>> passers(int n, Barrier& barrier, Trace& trace) {
    std::vector<Task<>> tasks;
    for (; n > 0; --n) tasks.push_back(create_task(pass(barrier, trace)));
    return tasks;
}

/// Waits for `n` tasks that each run `f`.
template <class F>
Coro<> all(int n, F f) {
    std::vector<Task<>> tasks;
    for (; n > 0; --n) tasks.push_back(create_task(f()));
    for (const Task<>& t : tasks) co_await t;
}

/// Whether the barrier could serve a new round: nobody waits in it, and it is not broken.
inline bool is_idle(const Barrier& barrier) { return barrier.n_waiting() == 0 && !barrier.broken(); }

}  // namespace hocket::testing
