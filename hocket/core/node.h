// SPDX-License-Identifier: MIT
// What the loop runs (nodes), what a task waits for (leaves), and the lists in which they stand.
#pragma once

#include <hocket/base/config.h>

#include <cstdint>
#include <utility>

namespace hocket {

struct AwaitDescription;
class EventLoop;
struct TaskBase;

/// What a task can wait for: a future, an event, a timer, an operation of the operating system.
///
/// A request to cancel a task goes straight to the leaf that it waits for, however deep the coroutine that awaits it. The leaf
/// confirms by `TaskBase::interrupt`, at once or, where the kernel still holds memory of the task's, later.
class HOCKET_EXPORT Leaf {
public:
    /// Asks the leaf to end the task's wait. False: the wait is over already, and the task is about to run.
    virtual bool cancel_wait(TaskBase& task) noexcept = 0;
    /// Says in a word what is awaited, for a person to read.
    virtual void describe(AwaitDescription& to) const = 0;

protected:
    ~Leaf() = default;
};

/// The state of a node. Each belongs to the kind of node named.
enum Flag : std::uint16_t {
    f_done = 1 << 0,         // future: it has a result, an exception or was cancelled
    f_cancelled = 1 << 1,    // future, callback
    f_unretrieved = 1 << 2,  // future: its exception has not been looked at
    f_message = 1 << 3,      // future: the loop keeps a message of its cancellation
    f_task = 1 << 4,         // this node is a task
    f_first = 1 << 5,        // task: not started
    f_must_cancel = 1 << 6,  // task: a cancel to deliver at its next step; `uncancel` may withdraw it
    f_throw = 1 << 7,        // task: the await that resumes now throws CancelledError
    f_granted = 1 << 8,      // task: what woke it reserved something for it, to be taken or handed on
    f_recheck = 1 << 9,      // task: ask the gate that it waits at before it is resumed
    f_returned = 1 << 10,    // task: its root frame is at its end
    f_cancelling = 1 << 11,  // task: a cancel goes from it to what it waits for
    f_destroyed = 1 << 12,   // task, with f_throw: the await throws RuntimeError with its message instead
    f_seen = 1 << 13,        // future: for as long as a function looks for duplicates among its arguments
    f_callbacks = 1 << 14,   // future: done callbacks wait for it
    f_interposed = 1 << 15,  // task: it runs, and waits for a nested run, or an eager task's first step, to return
};

/// What stands in the loop's ready queue. The small fields share a word.
struct HOCKET_EXPORT Node : Leaf {
    Node* next = nullptr;
    std::uint16_t flags = 0;
    std::uint8_t cancels = 0;  // task: how often it was cancelled, less `uncancel`
    std::uint8_t loop_id = 0;  // future, callback: the loop that it belongs to
    std::uint32_t refs = 0;

    /// Sets bits. The flags are read and written whole: the compiler would set one byte, and the next read of both would have to wait for the
    /// cache.
    void raise_flag(std::uint16_t bits) noexcept {
        const std::uint16_t before = __atomic_load_n(&flags, __ATOMIC_RELAXED);
        __atomic_store_n(&flags, static_cast<std::uint16_t>(before | bits), __ATOMIC_RELAXED);
    }

    virtual void run() = 0;  // tasks are stepped by the loop instead
    /// The loop closes before this has run.
    virtual void discard() noexcept {}

    bool cancel_wait(TaskBase&) noexcept override { return false; }
    void describe(AwaitDescription& to) const override;

protected:
    ~Node() = default;
};

/// A node that may leave a list from its middle.
struct HOCKET_EXPORT Waiter : Node {
    Waiter* prev = nullptr;

protected:
    ~Waiter() = default;
};

/// Waiters, first in, first out; a ring, known by its last.
class WaitList {
public:
    bool empty() const noexcept { return !last_; }
    Waiter* front() const noexcept { return static_cast<Waiter*>(last_->next); }

    void push_back(Waiter& w) noexcept {
        if (last_) {
            w.next = front();
            w.prev = last_;
            front()->prev = &w;
            last_->next = &w;
        } else {
            w.next = &w;  // alone, its `prev` is not looked at
        }
        last_ = &w;
    }
    void push_front(Waiter& w) noexcept {
        Waiter* last = last_;
        push_back(w);
        if (last) last_ = last;
    }
    void remove(Waiter& w) noexcept {
        if (w.next == &w) {
            last_ = nullptr;
            return;
        }
        w.prev->next = w.next;
        static_cast<Waiter*>(w.next)->prev = w.prev;
        if (last_ == &w) last_ = w.prev;
    }
    Waiter* pop_front() noexcept {
        Waiter* const last = last_;
        if (last->next == last) [[likely]] {
            last_ = nullptr;
            return last;
        }
        Waiter* w = front();
        last->next = w->next;
        front()->prev = last;
        return w;
    }
    /// Empties the list; returns its last waiter, whose `next` is the first.
    Waiter* take_all() noexcept { return std::exchange(last_, nullptr); }

private:
    Waiter* last_ = nullptr;
};

}  // namespace hocket
