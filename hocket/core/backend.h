// SPDX-License-Identifier: MIT
// The interface between the loop and the operating system: operations that complete, a clock, and plain control calls.
#pragma once

#include <hocket/base/config.h>

#include <cstddef>
#include <cstdint>

struct sockaddr;

namespace hocket {

/// What an operation asks for. Each is the system call of the same name, with its result (man 2).
enum class Opcode : std::uint8_t {
    poll,  ///< `flags` holds the events (POLLIN ...); the result, those that hold
    accept,  ///< `data` may point to an address of `*address_size` bytes; the result is a descriptor, close-on-exec and non-blocking
    connect,  ///< `data` points to an address of `size` bytes
    recv,     ///< `data`, `size`, `flags`
    send,     ///< `data`, `size`, `flags`; a broken pipe never raises SIGPIPE
    recvmsg,  ///< `data` points to a msghdr
    sendmsg,  ///< `data` points to a msghdr
    read,     ///< `data`, `size`, `offset` (-1: the file's own position, or a stream)
    write,    ///< `data`, `size`, `offset`
};

/// One request to the operating system. It belongs to whoever waits for it, which is most often an awaiter in a coroutine's
/// frame, and stays where it is, with everything that it points to, from `Backend::submit` until `completed` is called.
struct Operation {
    enum class State : std::uint8_t {
        idle,        ///< not submitted, or completed
        queued,      ///< submitted, not yet known to the kernel
        in_flight,   ///< the kernel works on it
        cancelling,  ///< in flight, and a cancel was asked for
        finished,    ///< its result stands; `completed` is about to be called
    };

    Operation* next = nullptr;  ///< for the backend's lists
    Operation* prev = nullptr;

    /// Called once, from `Backend::poll` on the loop's thread, never from `submit` or `cancel`. The operation may be submitted
    /// again, or destroyed, from here on.
    void (*completed)(Operation&) noexcept = nullptr;

    Opcode code{};
    State state = State::idle;
    int fd = -1;
    int flags = 0;
    int result = 0;  ///< what the system call returned, or -errno; -ECANCELED when a cancel won
    void* data = nullptr;
    std::size_t size = 0;
    std::int64_t offset = -1;
    unsigned* address_size = nullptr;
};

/// One implementation of everything that is not deterministic: io_uring, epoll, virtual time, simulation.
///
/// Belongs to one loop and its thread; only `wake` may be called from elsewhere. Functions that return an int return a
/// system call's result, or -errno.
class HOCKET_EXPORT Backend {
public:
    static constexpr std::int64_t forever = INT64_MAX;

    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend();  // what is in flight has completed: the loop sees to it

    virtual const char* name() const noexcept = 0;

    /// Monotonic time in nanoseconds (asyncio's `loop.time()`).
    virtual std::int64_t now() noexcept = 0;
    /// Nanoseconds since 1970-01-01 UTC.
    virtual std::int64_t wall_time() noexcept = 0;
    /// Whether `now` advances by itself, at the pace of the processor's own counter.
    virtual bool real_time() const noexcept = 0;
    /// 64 random bits, from the operating system or from a simulation's seed.
    virtual std::uint64_t entropy() noexcept = 0;

    /// Begins `op`. Never fails: what goes wrong is the operation's result. Never completes it inline.
    virtual void submit(Operation& op) noexcept = 0;
    /// Asks that a submitted `op` end early. It completes exactly once all the same: with -ECANCELED, or with what it had done
    /// already. Calling this again is harmless.
    virtual void cancel(Operation& op) noexcept = 0;
    /// Hands over what was submitted, waits for a completion, for `wake` or for the time `deadline` (on `now`'s clock: in the past,
    /// do not wait; `forever`, no limit), whichever comes first, and completes what is finished.
    virtual void poll(std::int64_t deadline) noexcept = 0;
    /// Makes a `poll` that waits, or else the next one, return soon. Any thread; async-signal-safe.
    virtual void wake() noexcept = 0;
    /// A descriptor that becomes readable when `poll` has something to do (for living inside another loop), or -1.
    virtual int fileno() const noexcept = 0;
    /// Operations that were submitted and have not completed.
    std::size_t pending() const noexcept { return pending_; }

    virtual int socket(int domain, int type, int protocol) noexcept = 0;  // close-on-exec, non-blocking
    virtual int bind(int fd, const sockaddr* address, unsigned size) noexcept = 0;
    virtual int listen(int fd, int backlog) noexcept = 0;
    virtual int getsockname(int fd, sockaddr* address, unsigned* size) noexcept = 0;
    virtual int getpeername(int fd, sockaddr* address, unsigned* size) noexcept = 0;
    virtual int setsockopt(int fd, int level, int option, const void* value, unsigned size) noexcept = 0;
    virtual int getsockopt(int fd, int level, int option, void* value, unsigned* size) noexcept = 0;
    virtual int shutdown(int fd, int how) noexcept = 0;
    /// 1 if a `recv` would return at once: with bytes, the peer's end or an error; else 0.
    virtual int readable(int fd) noexcept = 0;
    /// Nothing may be in flight on `fd`: closing does not end an operation.
    virtual int close(int fd) noexcept = 0;

    /// Whether `poll` has something to do without waiting; a `wake` does not show here. The loop asks in each iteration, so two words of
    /// memory tell.
    bool has_news() const noexcept {
        return __atomic_load_n(count_, __ATOMIC_RELAXED) != calm_ ||
               (__atomic_load_n(flags_, __ATOMIC_RELAXED) & news_flags_) != 0;
    }
    /// Whether completions may be waiting that only a call of `poll` can see (epoll); a busy loop then polls from time to time.
    bool must_be_asked() const noexcept { return must_be_asked_; }

protected:
    std::size_t pending_ = 0;
    bool must_be_asked_ = false;
    /// Something was submitted, or finished: there is news until the next `be_calm`.
    void call_for_poll() noexcept { calm_ = UINT64_MAX; }
    /// From here on there is news when the watched count is not `count`, or one of the watched flags is set.
    void be_calm(unsigned count = 0) noexcept { calm_ = count; }
    /// Where the kernel counts what there is for `poll` to take, and sets `news_flags` when it wants to be called.
    void watch(const unsigned* count, const unsigned* flags, unsigned news_flags) noexcept {
        count_ = count;
        flags_ = flags;
        news_flags_ = news_flags;
    }

private:
    static constexpr unsigned always_calm = 0;
    const unsigned* count_ = &always_calm;
    const unsigned* flags_ = &always_calm;
    unsigned news_flags_ = 0;
    std::uint64_t calm_ = 0;
};

}  // namespace hocket
