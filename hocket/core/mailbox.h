// SPDX-License-Identifier: MIT
// What other threads leave for a loop.
#pragma once

#include <hocket/base/function.h>
#include <hocket/core/backend.h>
#include <hocket/core/node.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace hocket {

/// Nodes from other threads, in the order of their coming. Shared by the loop and by everybody who may still want to reach it, so
/// that it outlives both; a closed one takes nothing.
struct Mailbox {
    Mailbox();
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;
    /// Calls `visit` for every one there is in the process, some of which are closed. None comes or goes meanwhile. Any thread.
    static void for_each(const Function<void(Mailbox&)>& visit);

    /// False: the loop is closed, and the node is still the caller's.
    bool post(Node& n);
    /// The nodes so far, linked by `next`. The loop's thread only.
    Node* take() noexcept;
    /// Refuses what comes from now on; returns what had come.
    Node* close() noexcept;
    /// Wakes the loop from any thread, unless it is closed.
    void wake() noexcept;

    /// Whether virtual time stands: work runs outside by itself, and no thread waits for a task of this loop.
    bool time_stands() const noexcept { return running_work.load() > 0 && work_for_outside.load() == 0; }
    /// The loop is about to wait: from here on a `post` wakes it. False: there is mail already.
    bool begin_wait() noexcept {
        asleep.store(true);
        return full.load() == 0;
    }
    void end_wait() noexcept { asleep.store(false, std::memory_order_relaxed); }

    std::mutex mutex;
    Node* first = nullptr;
    Node** end = &first;
    Backend* backend = nullptr;  // null once closed
    /// What asks the loop to be looked at, and has neither run nor been discarded: there is one at most. Guarded by `mutex`.
    Node* invitation = nullptr;
    /// Leaves signal `number` and wakes the loop. False: one before it has not been seen yet. Async-signal-safe; the mailbox is open.
    bool post_signal(int number) noexcept {
        const std::uint64_t bit = std::uint64_t{1} << number;
        const bool first_unseen = !(signals.fetch_or(bit) & bit);
        full.store(1);
        backend->wake();
        return first_unseen;
    }

    std::atomic<std::uint32_t> full = 0;
    std::atomic<std::uint64_t> signals = 0;
    std::atomic<bool> asleep = false;
    std::atomic<bool> running = false;      ///< a thread runs the loop
    std::atomic<int> outside_work = 0;      ///< things that go on outside, and may wake the loop
    std::atomic<int> running_work = 0;      ///< those of them that run by themselves
    std::atomic<int> work_for_outside = 0;  ///< tasks of this loop that threads wait for

private:
    Mailbox *older_, *newer_ = nullptr;  // in the list of all
};

}  // namespace hocket
