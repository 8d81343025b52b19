// SPDX-License-Identifier: MIT
// The states of concurrent futures, and the threads that sleep until the last of them.
#include <hocket/os/concurrent_future.h>

#include <hocket/base/report.h>
#include <hocket/os/simulated_threads.h>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <climits>
#include <ctime>

namespace hocket {

namespace {

// In the place of the list: the future has ended, and who comes now is told at once.
struct Closed final : ConcurrentCallback {
    void concluded() noexcept override {}
} closed;

// A thread blocks outside any loop here, so this is the system's time and not a loop's.
timespec time_after(Duration d) noexcept {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    std::int64_t nanoseconds = 0;
    const std::int64_t now = std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
    if (__builtin_add_overflow(now, d.count(), &nanoseconds)) nanoseconds = d.count() > 0 ? INT64_MAX : 0;
    if (nanoseconds < 0) nanoseconds = 0;
    return {.tv_sec = static_cast<time_t>(nanoseconds / 1'000'000'000),
            .tv_nsec = static_cast<long>(nanoseconds % 1'000'000'000)};
}

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* until) noexcept {
    return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

std::int64_t ExecutorProgress::now() const noexcept {
    if (simulated) return simulated->threads ? simulated->threads->now() : 0;
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);  // a fifth of what the exact one costs
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

ConcurrentBase::~ConcurrentBase() = default;

std::string ConcurrentBase::description() {
    const JobTicket* const job = ticket();
    if (!job) return "a concurrent future";
    if (!job->executor) return "job in an executor";
    std::string text = "job in ";
    text += job->executor->name;
    const State now = state();
    if (now > running) return text;
    const std::int64_t age = job->executor->now() - job->since.load(std::memory_order_relaxed);
    text += now == running ? ", runs for " : ", is in the queue for ";
    text += seconds_text(age > 0 ? age : 0) + " s";
    const std::uint64_t number = job->number.load(std::memory_order_relaxed);
    const std::uint64_t popped = job->executor->popped.load(std::memory_order_relaxed);
    if (now == pending && number > popped + 1) text += " behind " + std::to_string(number - popped - 1);
    return text;
}

bool ConcurrentBase::begin() {
    std::uint32_t now = word.load(std::memory_order_acquire);
    while ((now & state_mask) == pending) {
        if (word.compare_exchange_weak(now, (now & awaited) | running, std::memory_order_acq_rel)) return true;
    }
    if ((now & state_mask) == cancelled || (now & state_mask) == setting) return false;
    throw InvalidStateError("the concurrent future was begun before");
}

bool ConcurrentBase::claim() noexcept {
    std::uint32_t now = word.load(std::memory_order_acquire);
    while ((now & state_mask) == pending || (now & state_mask) == running) {
        if (word.compare_exchange_weak(now, (now & awaited) | setting, std::memory_order_acq_rel)) return true;
    }
    return false;
}

bool ConcurrentBase::cancel() noexcept {
    std::uint32_t now = word.load(std::memory_order_acquire);
    while ((now & state_mask) == pending) {
        // Claimed first, so that what the work holds is gone when the end is seen.
        if (!word.compare_exchange_weak(now, (now & awaited) | setting, std::memory_order_acq_rel)) continue;
        share();  // a callback may hold the last reference
        release_work();
        for (ConcurrentCallback* c = publish(cancelled); c;) std::exchange(c, c->next)->concluded();
        drop();
        return true;
    }
    return (now & state_mask) == cancelled;
}

// Makes the end visible; returns the callbacks, in the order in which they were added.
ConcurrentCallback* ConcurrentBase::publish(State end) noexcept {
    if (word.exchange(end, std::memory_order_acq_rel) & awaited) futex(word, FUTEX_WAKE, INT_MAX, nullptr);
    ConcurrentCallback* list = callbacks.exchange(&closed, std::memory_order_acq_rel);
    ConcurrentCallback* in_order = nullptr;
    while (list) {
        ConcurrentCallback* c = std::exchange(list, list->next);
        c->next = std::exchange(in_order, c);
    }
    return in_order;
}

void ConcurrentBase::finish() noexcept {
    share();
    finish_and_drop();
}

void ConcurrentBase::finish_and_drop() noexcept {
    ConcurrentCallback* c = publish(finished);
    drop();
    while (c) std::exchange(c, c->next)->concluded();
}

void ConcurrentBase::add_callback(ConcurrentCallback& c) noexcept {
    ConcurrentCallback* first = callbacks.load(std::memory_order_acquire);
    do {
        if (first == &closed) return c.concluded();
        c.next = first;
    } while (!callbacks.compare_exchange_weak(first, &c, std::memory_order_acq_rel));
}

bool ConcurrentBase::wait(std::optional<Duration> timeout) noexcept {
    if (simulated_threads && !done()) {
        return simulated_threads->wait_until(
            [](const void* f) { return static_cast<const ConcurrentBase*>(f)->done(); }, this, timeout);
    }
    std::optional<timespec> until;
    for (;;) {
        std::uint32_t now = word.load(std::memory_order_acquire);
        if ((now & state_mask) >= cancelled) return true;
        if (timeout && timeout->count() <= 0) return false;
        if (!(now & awaited)) {
            if (!word.compare_exchange_weak(now, now | awaited, std::memory_order_acq_rel)) continue;
            now |= awaited;
        }
        if (timeout && !until) until = time_after(*timeout);
        if (futex(word, FUTEX_WAIT_BITSET, now, until ? &*until : nullptr) < 0 && errno == ETIMEDOUT) return done();
    }
}

void ConcurrentBase::check(std::optional<Duration> timeout) {
    if (!wait(timeout)) {
        if (!timeout) throw RuntimeError("this would wait for ever: nothing goes on in the simulation any more");
        throw TimeoutError();
    }
    if (state() == cancelled) throw CancelledError();
    if (error) std::rethrow_exception(error);
}

void throw_empty_concurrent_future() {
    throw RuntimeError("cannot use an empty concurrent future: it was moved from, or never set");
}

void throw_set_by_executor() {
    throw InvalidStateError("the concurrent future of a submitted function is set by its executor alone");
}

void report_callback_exception() noexcept {
    report("exception in a done callback of a concurrent future: " + describe(std::current_exception()));
}

}  // namespace hocket
