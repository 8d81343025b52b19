// SPDX-License-Identifier: MIT
// The backend over io_uring: one batch and one call a poll, cancellation, and the ring's housekeeping.
#include <hocket/base/errors.h>
#include <hocket/io/uring_backend.h>

#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>

namespace hocket {

namespace {

// The low bits of a completion's user data say what it is; the others are the operation's address. A cancel carries no address: when it
// completes, the operation may be gone.
enum class Tag : std::uint64_t { operation = 0, readiness = 1, cancel = 2, wake = 3 };
constexpr std::uint64_t tag_bits = 7;
static_assert(alignof(Operation) > tag_bits);

constexpr std::size_t longest_transfer = 0x7ffff000;     // as read and write have it
constexpr std::int64_t cancel_retry_interval = 250'000;  // nanoseconds
constexpr unsigned completions_per_entry = 8;
constexpr unsigned least_entries_for_want_of_memory = 8;

// Newest first: what an older kernel refuses is left out, and what needs it too.
constexpr unsigned modern_flags[] = {
    // 5.19: completions are made in the thread's next system call and do not interrupt it; the flag tells that some wait for that. Not
    // SINGLE_ISSUER with DEFER_TASKRUN, which is no faster, and would bind the loop to the thread of its first run.
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_SUBMIT_ALL,  // 5.18
};
constexpr unsigned needed_features =
    IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_RW_CUR_POS | IORING_FEAT_FAST_POLL;
constexpr unsigned feature_of_6_10 = 1U << 14;  // IORING_FEAT_RECVSEND_BUNDLE, beside which an accept tells of others
constexpr unsigned kernel_call_flags = IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN;  // the kernel asks to be entered
constexpr int needed_opcodes[] = {IORING_OP_NOP,  IORING_OP_POLL_ADD, IORING_OP_ACCEPT,      IORING_OP_CONNECT,
                                  IORING_OP_RECV, IORING_OP_SEND,     IORING_OP_RECVMSG,     IORING_OP_SENDMSG,
                                  IORING_OP_READ, IORING_OP_WRITE,    IORING_OP_ASYNC_CANCEL};

std::uint64_t user_data(Operation& op, Tag tag) noexcept {
    return reinterpret_cast<std::uint64_t>(&op) | static_cast<std::uint64_t>(tag);
}

// A ring may have the addresses of one that ended on another thread. The system calls order the two, which no thread sanitizer sees; this
// says it.
std::atomic<unsigned> rings_ended = 0;

void end_ring(io_uring& ring) noexcept {
    rings_ended.fetch_add(1, std::memory_order_release);
    io_uring_queue_exit(&ring);
}

/// Makes a ring as large and as modern as the system allows. Returns 0, or -errno.
int make_ring(io_uring& ring, unsigned entries, bool modern) noexcept {
    unsigned flags = 0;
    if (modern) {
        for (const unsigned f : modern_flags) flags |= f;
    }
    for (;;) {
        io_uring_params parameters{};
        parameters.flags = flags | IORING_SETUP_CQSIZE;
        parameters.cq_entries = entries * completions_per_entry;
        const int result = io_uring_queue_init_params(entries, &ring, &parameters);
        static_cast<void>(rings_ended.load(std::memory_order_acquire));
        if (result >= 0) return 0;
        if (result == -ENOMEM && entries > least_entries_for_want_of_memory) {
            entries /= 2;
        } else if (result == -EINVAL && flags != 0) {
            flags &= ~*std::find_if(std::begin(modern_flags), std::end(modern_flags),
                                    [&](unsigned f) { return (flags & f) != 0; });
        } else {
            return result;
        }
    }
}

/// A kernel that waits for room by itself sends then what the first attempt has not used up, which of a datagram may be nothing. So what may be
/// one is not left to it: it says EAGAIN, and is given the whole again.
int send_flags(const Operation& op) noexcept {
    const bool in_one_piece = op.code == Opcode::sendmsg || op.borrowed;
    return op.flags | MSG_NOSIGNAL | (in_one_piece ? MSG_DONTWAIT : 0);
}

void prepare(io_uring_sqe* entry, Operation& op) noexcept {
    const auto size = static_cast<unsigned>(std::min(op.size, longest_transfer));
    const auto offset = static_cast<std::uint64_t>(op.offset);
    switch (op.code) {
        case Opcode::poll: io_uring_prep_poll_add(entry, op.fd, static_cast<unsigned>(op.flags)); break;
        case Opcode::accept:
            io_uring_prep_accept(entry, op.fd, static_cast<sockaddr*>(op.data), op.address_size,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK);
            break;
        case Opcode::connect:
            io_uring_prep_connect(entry, op.fd, static_cast<sockaddr*>(op.data), static_cast<socklen_t>(op.size));
            break;
        case Opcode::recv: io_uring_prep_recv(entry, op.fd, op.data, size, op.flags); break;
        case Opcode::send: io_uring_prep_send(entry, op.fd, op.data, size, send_flags(op)); break;
        case Opcode::recvmsg:
            io_uring_prep_recvmsg(entry, op.fd, static_cast<msghdr*>(op.data), static_cast<unsigned>(op.flags));
            break;
        case Opcode::sendmsg:
            io_uring_prep_sendmsg(entry, op.fd, static_cast<msghdr*>(op.data), static_cast<unsigned>(send_flags(op)));
            break;
        case Opcode::read: io_uring_prep_read(entry, op.fd, op.data, size, offset); break;
        case Opcode::write: io_uring_prep_write(entry, op.fd, op.data, size, offset); break;
    }
    entry->user_data = user_data(op, Tag::operation);
}

void prepare_readiness(io_uring_sqe* entry, Operation& op, unsigned events) noexcept {
    io_uring_prep_poll_add(entry, op.fd, events);
    entry->user_data = user_data(op, Tag::readiness);
}

/// Whether EAGAIN means that the kernel did not wait, as it does with some non-blocking descriptors, and not that it was told so.
bool waits_for_readiness(const Operation& op) noexcept {
    switch (op.code) {
        case Opcode::recv:
        case Opcode::send:
        case Opcode::recvmsg:
        case Opcode::sendmsg: return (op.flags & MSG_DONTWAIT) == 0;
        case Opcode::accept:
        case Opcode::read:
        case Opcode::write: return true;
        case Opcode::poll:
        case Opcode::connect: return false;
    }
    return false;
}

unsigned readiness_of(const Operation& op) noexcept {
    return op.code == Opcode::send || op.code == Opcode::sendmsg || op.code == Opcode::write ? POLLOUT : POLLIN;
}

}  // namespace

UringBackend::UringBackend(const Options& options) : options_(options), ring_(std::make_unique<io_uring>()) {
    options_.entries = std::max(options_.entries, 2U);  // a cancel may need two
    create();
}

UringBackend::~UringBackend() { end_ring(*ring_); }

void UringBackend::create() {
    if (const int error = make_ring(*ring_, options_.entries, options_.modern); error < 0)
        throw OSError(-error, "io_uring");
    const unsigned features = ring_->features;
    if ((features & needed_features) != needed_features) {
        end_ring(*ring_);
        throw OSError(ENOSYS, "io_uring");
    }
    timed_wait_ = options_.modern && (features & IORING_FEAT_EXT_ARG) != 0;       // 5.11
    lasting_poll_ = options_.modern && (features & IORING_FEAT_RSRC_TAGS) != 0;   // 5.13, as is the poll that lasts
    silent_cancels_ = options_.modern && (features & IORING_FEAT_CQE_SKIP) != 0;  // 5.17
    accept_tells_ = options_.modern && (features & feature_of_6_10) != 0;
    waits_first_ = options_.modern && (ring_->flags & IORING_SETUP_TASKRUN_FLAG) != 0;  // 5.19
    wake_armed_ = false;

    entries_ = ring_->sq.sqes;
    entry_mask_ = ring_->sq.ring_entries - 1;
    kernel_head_ = ring_->sq.khead;
    kernel_tail_ = ring_->sq.ktail;
    tail_ = *kernel_tail_;
    if (unsigned* order = ring_->sq.array) {
        for (unsigned i = 0; i <= entry_mask_; ++i) order[i] = i;
    }
    ring_seen_ = *ring_->cq.khead;
    watch(ring_->cq.ktail, ring_->sq.kflags, kernel_call_flags);
    be_calm(ring_seen_);
}

int UringBackend::fileno() const noexcept {
    watch_from_outside();
    return ring_->ring_fd;
}

// ---- operations

/// An empty entry of the submission queue, or null when it is full.
io_uring_sqe* UringBackend::next_entry() noexcept {
    if (unsubmitted() > entry_mask_) return nullptr;
    io_uring_sqe* entry = &entries_[tail_++ & entry_mask_];
    *entry = io_uring_sqe{};
    return entry;
}

/// Puts `op`, which is in no list, into the submission queue. False if that is full.
bool UringBackend::hand_over(Operation& op) noexcept {
    io_uring_sqe* entry = next_entry();
    if (entry == nullptr) return false;
    if (is_quiet_write(op)) {  // it has been tried
        prepare_readiness(entry, op, POLLOUT);
        ++awaiting_readiness_;
    } else {
        prepare(entry, op);
        if (op.code == Opcode::recv && op.dry && waits_first_) entry->ioprio |= IORING_RECVSEND_POLL_FIRST;
    }
    if (options_.refuse_to_wait && (op.code == Opcode::recv || op.code == Opcode::send))
        entry->msg_flags |= MSG_DONTWAIT;
    op.state = Operation::State::in_flight;
    in_flight_.push_front(op);
    return true;
}

void UringBackend::submit(Operation& op) noexcept {
    if (forked()) leave_to_parent();
    ++pending_;
    call_for_poll();
    if (is_quiet_write(op)) {
        const int result = write_quietly(op);
        if (result != -EAGAIN) return finish(op, result);
    }
    if (overflow_.empty() && hand_over(op)) return;
    op.state = Operation::State::queued;
    overflow_.push_back(op);
}

void UringBackend::cancel(Operation& op) noexcept {
    if (op.state == Operation::State::queued) {
        overflow_.remove(op);
        finish(op, -ECANCELED);
    } else if (op.state == Operation::State::in_flight) {
        in_flight_.remove(op);
        op.state = Operation::State::cancelling;
        cancelling_.push_back(op);
        if (next_cancel_ == nullptr) next_cancel_ = &op;
        call_for_poll();
    }
}

/// Asks the kernel to cancel what is to be cancelled. False if the submission queue is full.
bool UringBackend::send_cancels() noexcept {
    if (cancelling_.empty()) {
        retry_cancels_ = forever;
        return true;
    }
    if (retry_cancels_ != forever && until(retry_cancels_) == 0) {
        retry_cancels_ = forever;
        next_cancel_ = cancelling_.front();
    }
    for (; next_cancel_ != nullptr; next_cancel_ = next_cancel_->next) {
        for (const Tag tag : {Tag::operation, Tag::readiness}) {
            if (tag == Tag::readiness && awaiting_readiness_ == 0) break;
            io_uring_sqe* entry = next_entry();
            if (entry == nullptr) return false;
            io_uring_prep_cancel64(entry, user_data(*next_cancel_, tag), 0);
            if (silent_cancels_) entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
            entry->user_data = static_cast<std::uint64_t>(Tag::cancel);
        }
    }
    return true;
}

/// Takes `op` out of the kernel's hands.
void UringBackend::end(Operation& op, int result) noexcept {
    if (op.state == Operation::State::cancelling) {
        if (next_cancel_ == &op) next_cancel_ = op.next;
        cancelling_.remove(op);
        if (result == -EINTR) result = -ECANCELED;  // a worker thread of the kernel was interrupted
    } else {
        in_flight_.remove(op);
    }
    finish(op, result);
}

void UringBackend::take_result(Operation& op, int result, bool of_readiness) noexcept {
    if (of_readiness) --awaiting_readiness_;
    // The kernel cancels what a thread submitted that has ended meanwhile; whoever runs the loop now does it anew.
    const bool orphaned = result == -ECANCELED && op.state == Operation::State::in_flight;
    if (orphaned) return op.code == Opcode::connect ? end(op, -ECONNABORTED) : submit_again(op);
    const bool again = of_readiness ? result >= 0 : result == -EAGAIN && waits_for_readiness(op);
    if (!again) return end(op, result);
    if (op.state == Operation::State::cancelling) return end(op, -ECANCELED);
    op.dry = false;  // it has waited
    if (is_quiet_write(op)) {
        const int written = write_quietly(op);
        if (written != -EAGAIN) return end(op, written);
    }

    io_uring_sqe* entry = of_readiness ? nullptr : next_entry();
    if (entry != nullptr) {
        prepare_readiness(entry, op, readiness_of(op));
        ++awaiting_readiness_;
    } else {  // it is ready; or there is no room for asking, and trying again does no harm
        submit_again(op);
    }
}

void UringBackend::submit_again(Operation& op) noexcept {
    in_flight_.remove(op);
    op.state = Operation::State::queued;
    overflow_.push_back(op);
}

bool UringBackend::has_completions() const noexcept {
    return __atomic_load_n(ring_->cq.ktail, __ATOMIC_ACQUIRE) != ring_seen_;
}

bool UringBackend::kernel_calls() const noexcept {
    return (__atomic_load_n(ring_->sq.kflags, __ATOMIC_RELAXED) & kernel_call_flags) != 0;
}

/// Takes what the kernel has completed. Returns whether a wake was among it.
bool UringBackend::take_completions() noexcept {
    const io_uring_cqe* const completions = ring_->cq.cqes;
    const unsigned mask = ring_->cq.ring_mask;
    const unsigned made = __atomic_load_n(ring_->cq.ktail, __ATOMIC_ACQUIRE);
    bool woken = false;
    if (ring_seen_ == made) return false;
    for (; ring_seen_ != made; ++ring_seen_) {
        const io_uring_cqe& completion = completions[ring_seen_ & mask];
        const Tag tag{completion.user_data & tag_bits};
        if (tag == Tag::cancel) {
            // EALREADY may leave the operation pending for good, and ENOENT is also said of one that is passing from hand to hand.
            // If all that was to be cancelled completes, nothing will be asked again.
            if (completion.res < 0) retry_cancels_ = now() + cancel_retry_interval;
        } else if (tag == Tag::wake) {
            woken = true;
            if ((completion.flags & IORING_CQE_F_MORE) == 0) {
                std::uint64_t count = 0;
                [[maybe_unused]] const ssize_t n = ::read(wake_descriptor(), &count, sizeof count);
                wake_armed_ = false;
            }
        } else {
            Operation& op = *reinterpret_cast<Operation*>(completion.user_data & ~tag_bits);
            if (op.code == Opcode::accept) {
                const bool more = (completion.flags & IORING_CQE_F_SOCK_NONEMPTY) != 0;
                op.flags = accept_tells_ && !more ? Operation::last_one : 0;
            }
            take_result(op, completion.res, tag == Tag::readiness);
        }
    }
    __atomic_store_n(ring_->cq.khead, ring_seen_, __ATOMIC_RELEASE);
    return woken;
}

// ---- poll

/// Fills the submission queue. True if all that the kernel must know is in it.
bool UringBackend::stage() noexcept {
    if (!wake_armed_) {
        io_uring_sqe* entry = next_entry();
        if (entry == nullptr) return false;
        if (lasting_poll_)
            io_uring_prep_poll_multishot(entry, wake_descriptor(), POLLIN);
        else
            io_uring_prep_poll_add(entry, wake_descriptor(), POLLIN);
        entry->user_data = static_cast<std::uint64_t>(Tag::wake);
        wake_armed_ = true;
    }
    if (!send_cancels()) return false;
    while (Operation* op = overflow_.front()) {
        if (unsubmitted() > entry_mask_) return false;
        overflow_.remove(*op);
        hand_over(*op);
    }
    return true;
}

/// Submits `count` entries and, if `wait`, waits for a completion for `timeout` nanoseconds. Returns how many were submitted, or -errno.
int UringBackend::enter(unsigned count, bool wait, std::int64_t timeout) noexcept {
    __atomic_store_n(kernel_tail_, tail_, __ATOMIC_RELEASE);
    if (!wait || timeout == forever) {
        return io_uring_enter(static_cast<unsigned>(ring_->ring_fd), count, wait ? 1 : 0, IORING_ENTER_GETEVENTS,
                              nullptr);
    }
    if (!timed_wait_) return wait_for_ring(count, timeout);
    __kernel_timespec limit{.tv_sec = timeout / 1'000'000'000, .tv_nsec = timeout % 1'000'000'000};
    io_uring_getevents_arg argument{};
    argument.ts = reinterpret_cast<std::uint64_t>(&limit);
    return io_uring_enter2(static_cast<unsigned>(ring_->ring_fd), count, 1,
                           IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, reinterpret_cast<sigset_t*>(&argument),
                           sizeof argument);
}

/// The same in two calls, for kernels whose one call takes no time limit.
int UringBackend::wait_for_ring(unsigned count, std::int64_t timeout) noexcept {
    const int entered = enter(count, false, 0);
    if (entered < 0 || has_completions()) return entered;
    const timespec limit{.tv_sec = static_cast<time_t>(timeout / 1'000'000'000),
                         .tv_nsec = static_cast<long>(timeout % 1'000'000'000)};
    pollfd ring{.fd = ring_->ring_fd, .events = POLLIN, .revents = 0};
    ppoll(&ring, 1, &limit, nullptr);
    return entered;
}

void UringBackend::poll(std::int64_t deadline) noexcept {
    if (forked()) leave_to_parent();
    tell_of_fork();
    bool may_block = deadline > 0;
    bool asleep = false;
    bool woken = take_completions();
    for (;;) {
        const bool all = stage();
        const unsigned count = unsubmitted();
        std::int64_t timeout = 0;
        if (may_block && all && !woken && finished_.empty()) {
            timeout = deadline == forever ? forever : until(deadline);
            if (timeout > 0 && !asleep) {
                asleep = may_sleep();
                may_block = asleep;
                if (!asleep) timeout = 0;
            }
            if (timeout > 0 && retry_cancels_ != forever) {
                timeout = std::min(timeout, std::max<std::int64_t>(until(retry_cancels_), 1));
            }
        }
        if (timeout == 0 && count == 0 && !kernel_calls()) break;

        const int entered = enter(count, timeout > 0, timeout);
        woken |= take_completions();
        const bool stuck =
            entered == -EAGAIN || entered == -EBUSY;  // the kernel is short of memory: the loop will call again
        if (stuck || (all && (timeout == 0 || woken || !finished_.empty()))) break;
    }
    stop_sleeping();
    be_calm(ring_seen_);
    complete_finished();
    must_be_asked_ = retry_cancels_ != forever;
    if (unsubmitted() > 0 || !overflow_.empty() || next_cancel_ != nullptr || !wake_armed_ || kernel_calls())
        call_for_poll();
}

/// In a child, the ring is the parent's, and so is what is in flight: the ring is left alone, and the operations are cancelled.
void UringBackend::leave_to_parent() noexcept {
    io_uring_queue_exit(ring_.get());  // the child's mapping and its descriptor
    renew_after_fork();
    create();  // a failure ends the process: there is no one to tell it to
    for (OperationList* list : {&overflow_, &in_flight_, &cancelling_}) {
        while (Operation* op = list->front()) {
            list->remove(*op);
            finish(*op, -ECANCELED);
        }
    }
    next_cancel_ = nullptr;
    retry_cancels_ = forever;
    awaiting_readiness_ = 0;
}

// ---- detection

void UringBackend::probe() {
    io_uring ring{};
    if (const int error = make_ring(ring, least_entries_for_want_of_memory, true); error < 0)
        throw OSError(-error, "io_uring");
    struct Exit {
        io_uring* ring;
        ~Exit() { end_ring(*ring); }
    } exit{&ring};

    io_uring_prep_nop(io_uring_get_sqe(&ring));
    int result = io_uring_submit_and_wait(&ring, 1);
    if (io_uring_cqe* completion = nullptr; result >= 0) result = io_uring_peek_cqe(&ring, &completion);
    if (result < 0) throw OSError(-result, "io_uring");

    const std::unique_ptr<io_uring_probe, void (*)(io_uring_probe*)> known(io_uring_get_probe_ring(&ring),
                                                                           io_uring_free_probe);
    const bool complete = known && (ring.features & needed_features) == needed_features &&
                          std::all_of(std::begin(needed_opcodes), std::end(needed_opcodes),
                                      [&](int opcode) { return io_uring_opcode_supported(known.get(), opcode) != 0; });
    if (!complete) throw OSError(ENOSYS, "io_uring");
}

}  // namespace hocket
