// SPDX-License-Identifier: MIT
// Awaiting an operation of the operating system, and the rules of its cancellation.
#pragma once

#include <hocket/core/awaitable.h>
#include <hocket/core/backend.h>

namespace hocket {

/// `int result = co_await PendingOperation(...)`: submits the operation, suspends until it has completed, and gives its result (a negative one
/// is -errno; it does not throw for that).
///
/// Cancelled, it asks the backend to cancel and still waits for the completion, since the kernel may hold the task's memory until then.
/// If the operation had no effect, CancelledError is thrown. If it took effect all the same (bytes moved, a descriptor made), its
/// result is delivered and the cancellation comes at the task's next wait: nothing is lost. A descriptor that nobody is left to take is
/// closed.
class [[nodiscard]] HOCKET_EXPORT PendingOperation : Leaf, public Operation {
public:
    using HocketAwaiter = PendingOperation;
    static constexpr bool awaited_often = false;

    PendingOperation(Opcode opcode, int descriptor) noexcept {
        code = opcode;
        fd = descriptor;
    }
    PendingOperation(const PendingOperation&) = delete;
    PendingOperation& operator=(const PendingOperation&) = delete;
    HOCKET_INLINE ~PendingOperation() {
        if (awaited_) [[unlikely]]
            release_result();
    }

    bool await_ready() const noexcept { return false; }
    void await_suspend(AwaitingFrame h) noexcept;
    HOCKET_INLINE int await_resume() {
        TaskBase& t = *this_loop->current;
        awaited_ = false;
        if ((t.flags & f_throw) | cancel_asked_) [[unlikely]]
            settle(t);
        resume_point(t);
        return result;
    }

private:
    bool cancel_wait(TaskBase& t) noexcept override;
    void describe(AwaitDescription& to) const override;
    void settle(TaskBase& t) noexcept;
    void release_result() noexcept;

    TaskBase* task_ = nullptr;
    bool cancel_asked_ = false;
    bool awaited_ = false;  // submitted, and its result not taken
};

}  // namespace hocket
