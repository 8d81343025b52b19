// SPDX-License-Identifier: MIT
// The backend over io_uring.
#pragma once

#include <hocket/io/system_backend.h>

#include <cstdint>
#include <memory>

struct io_uring;
struct io_uring_sqe;

namespace hocket {

/// Operations go to the kernel in one batch per `poll`, in the same call that waits.
///
/// The ring may be made on one thread and polled on others, one at a time. When a thread ends, the kernel cancels what it had submitted;
/// the next `poll` begins that anew, but for a connect, which fails with ECONNABORTED.
///
/// `State::in_flight` means that the operation stands in the submission queue or is with the kernel; `queued`, that the queue was full.
class UringBackend final : public SystemBackend {
public:
    struct Options {  // the last two are for tests, which see through them what older kernels do
        unsigned entries =
            256;  ///< of the submission queue; the completion queue has eight times as many. Halved while memory is short
        bool modern = true;  ///< use what kernels after 5.10 brought, where the kernel has it
        bool refuse_to_wait =
            false;  ///< let recv and send give EAGAIN, as some operations on non-blocking descriptors do there
    };

    /// Throws OSError.
    UringBackend() : UringBackend(Options{}) {}
    explicit UringBackend(const Options& options);
    ~UringBackend() override;

    const char* name() const noexcept override { return "uring"; }
    void submit(Operation& op) noexcept override;
    void cancel(Operation& op) noexcept override;
    void poll(std::int64_t deadline) noexcept override;
    int fileno() const noexcept override;

    /// Tries the ring on a separate one: whether it can be made, completes an operation, and knows all that are needed. Throws OSError.
    static void probe();

private:
    void create();
    io_uring_sqe* next_entry() noexcept;
    bool hand_over(Operation& op) noexcept;
    bool send_cancels() noexcept;
    bool stage() noexcept;
    int enter(unsigned count, bool wait, std::int64_t timeout) noexcept;
    int wait_for_ring(unsigned count, std::int64_t timeout) noexcept;
    bool take_completions() noexcept;
    void take_result(Operation& op, int result, bool of_readiness) noexcept;
    void end(Operation& op, int result) noexcept;
    void submit_again(Operation& op) noexcept;
    void leave_to_parent() noexcept;

    unsigned unsubmitted() const noexcept { return tail_ - __atomic_load_n(kernel_head_, __ATOMIC_ACQUIRE); }
    bool has_completions() const noexcept;
    bool kernel_calls() const noexcept;

    Options options_;
    std::unique_ptr<io_uring> ring_;
    unsigned ring_seen_ = 0;       // the completions taken so far
    bool timed_wait_ = false;      // the call that waits takes a time limit
    bool accept_tells_ = false;    // an accept says whether there is another connection
    bool waits_first_ = false;     // a recv may be told not to try before it waits
    bool silent_cancels_ = false;  // a cancel that succeeds makes no completion
    bool lasting_poll_ = false;    // a poll operation may report again and again
    bool wake_armed_ = false;

    // The submission queue: entries are written here and published to the kernel when it is entered.
    io_uring_sqe* entries_ = nullptr;
    unsigned entry_mask_ = 0;
    unsigned tail_ = 0;
    unsigned* kernel_tail_ = nullptr;
    const unsigned* kernel_head_ = nullptr;

    OperationList overflow_;  // queued: no room in the submission queue
    OperationList in_flight_;
    OperationList cancelling_;              // in flight too, and to be cancelled
    Operation* next_cancel_ = nullptr;      // the first in `cancelling_` for which the kernel was not asked yet
    std::int64_t retry_cancels_ = forever;  // when to ask again for all of them
    std::size_t awaiting_readiness_ =
        0;  // operations that the kernel gave back with EAGAIN, and that a poll operation stands for
};

}  // namespace hocket
