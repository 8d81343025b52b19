// SPDX-License-Identifier: MIT
// The interface between the loop and the operating system: operations that complete, a clock, and plain control calls.
#pragma once

#include <hocket/base/config.h>

#include <cstddef>
#include <cstdint>
#include <exception>

struct msghdr;
struct sockaddr;

namespace hocket {

/// What an operation asks for. Each is the system call of the same name, with its result (man 2).
enum class Opcode : std::uint8_t {
    poll,    ///< `flags` holds the events (POLLIN ...); the result, those that hold
    accept,  ///< `data` may point to an address of `*address_size` bytes; the result is a descriptor, close-on-exec and non-blocking. `flags`
             ///< is `last_one` then where the system has said that no other connection is there
    connect,  ///< `data` points to an address of `size` bytes
    recv,     ///< `data`, `size`, `flags`
    send,  ///< `data`, `size`, `flags`; a broken pipe never raises SIGPIPE. A datagram is for `sendmsg`, or `borrowed`
    recvmsg,  ///< `data` points to a msghdr
    sendmsg,  ///< `data` points to a msghdr
    read,     ///< `data`, `size`, `offset` (-1: the file's own position, or a stream)
    write,  ///< `data`, `size`, `offset`; with MSG_NOSIGNAL in `flags`, and on a non-blocking descriptor only, a broken pipe does not
            ///< raise SIGPIPE
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

    static constexpr int last_one = 1;  ///< of `Opcode::accept`

    Operation* next = nullptr;  ///< for the backend's lists
    Operation* prev = nullptr;

    /// Called once, from `Backend::poll` on the loop's thread, never from `submit` or `cancel`. The operation may be submitted
    /// again, or destroyed, from here on.
    void (*completed)(Operation&) noexcept = nullptr;

    Opcode code{};
    State state = State::idle;
    /// The program owns `fd`, and may close it and open another without the backend's knowing, as soon as nothing is in flight on it.
    bool borrowed = false;
    /// Of `Opcode::recv`: the last one had room for more than there was, so that this one will most likely wait.
    bool dry = false;
    int fd = -1;
    int flags = 0;
    int result = 0;  ///< what the system call returned, or -errno; -ECANCELED when a cancel won
    void* data = nullptr;
    std::size_t size = 0;
    std::int64_t offset = -1;
    unsigned* address_size = nullptr;
};

/// A child process that is to be started, and what came of it. A simulation makes the pipes' ends its own, and plays the child by the name of
/// its program.
struct Spawn {
    // What a standard descriptor of the child is, unless it is a copy of one of this process's.
    static constexpr int inherit = -1;    ///< what it is here
    static constexpr int pipe = -2;       ///< one end of a new pipe; the other is in `ends`
    static constexpr int null = -3;       ///< /dev/null
    static constexpr int as_stdout = -4;  ///< for standard error: the same as standard output

    /// What could not be done.
    enum class Step : std::uint8_t { start, pass_descriptor, directory, session, group, program };

    const char* const* programs =
        nullptr;  ///< paths; the first that there is, is run. This and the next two end with a null pointer
    const char* const* arguments = nullptr;    ///< the first is the program's name for itself
    const char* const* environment = nullptr;  ///< `NAME=value`; null: this process's
    const char* directory = nullptr;           ///< null: this process's
    int standard[3] = {inherit, inherit, inherit};
    const int* pass_fds = nullptr;  ///< so many descriptors stay open
    std::size_t pass_fds_count = 0;
    bool close_fds = true;  ///< all others but the first three are closed; false: those without close-on-exec stay open
    bool new_session = false;
    int process_group = -1;  ///< -1: this process's; 0: one of its own
    int umask = -1;          ///< -1: this process's

    int pid = 0;
    int pidfd = -1;
    int ends[3] = {-1, -1, -1};  ///< close-on-exec, non-blocking; -1 where there is no pipe
    Step failed = Step::start;   ///< when it did fail
    int failed_fd = -1;          ///< of `pass_descriptor`
    std::exception_ptr refused;  ///< of a simulation, when it did fail: what is to be thrown in place of the error
};

/// Who has to know that this process is a child of `fork`.
class ForkWatcher {
public:
    virtual void forked() noexcept = 0;

protected:
    ~ForkWatcher() = default;
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
    /// Takes a connection that is there already: a descriptor as `Opcode::accept` gives, or -EAGAIN. `fd` must not block.
    virtual int accept(int fd, sockaddr* address, unsigned* size) noexcept = 0;
    virtual int getsockname(int fd, sockaddr* address, unsigned* size) noexcept = 0;
    virtual int getpeername(int fd, sockaddr* address, unsigned* size) noexcept = 0;
    virtual int setsockopt(int fd, int level, int option, const void* value, unsigned size) noexcept = 0;
    virtual int getsockopt(int fd, int level, int option, void* value, unsigned* size) noexcept = 0;
    virtual int shutdown(int fd, int how) noexcept = 0;
    /// Sends at once what `message` describes, or not at all: -EAGAIN if that would have to wait. A broken pipe never raises SIGPIPE.
    virtual int sendmsg(int fd, const msghdr* message) noexcept = 0;
    /// Sends at once what the stream socket takes of it: so many bytes; -EAGAIN where that would have to wait, or where an operation, which goes
    /// with others, is cheaper. A broken pipe never raises SIGPIPE.
    virtual int send_at_once(int fd, const void* data, std::size_t size) noexcept = 0;
    /// 1 if a `recv` would return at once: with bytes, the peer's end or an error; else 0.
    virtual int readable(int fd) noexcept = 0;
    /// Reads what is there into `data`: how much, 0 at the end, -EAGAIN if there is nothing yet. `fd` does not block.
    virtual int read(int fd, void* data, std::size_t size) noexcept = 0;
    /// Sends up to `count` bytes of the file `from`, of which `offset` is the first, to the non-blocking socket `to`: how many it took, 0 at
    /// the end of the file, -EAGAIN while it takes none. May wait for a disk. A broken pipe never raises SIGPIPE.
    virtual int sendfile(int to, int from, std::int64_t offset, std::size_t count) noexcept = 0;
    /// `fd` was made elsewhere, and belongs to this loop from now on: what is known of an older descriptor of that number is forgotten; a pipe,
    /// socket or character device blocks no more. The type of the file (S_IFMT of `stat`); one of another type is left alone.
    virtual int adopt(int fd) noexcept = 0;
    /// Nothing may be in flight on `fd`: closing does not end an operation.
    virtual int close(int fd) noexcept = 0;

    /// Starts a child process; 0. Its signals are not blocked, and do what they do by default, or are ignored as here, but for SIGPIPE
    /// and SIGXFSZ.
    virtual int spawn(Spawn& child) noexcept = 0;
    /// 0 if the child has ended, which is then forgotten: `returncode` is its exit status, or minus the signal that ended it. -EAGAIN if
    /// it lives, -ECHILD if it is nobody's child that could be asked for. The pidfd is readable, for `Opcode::poll`, when it has ended.
    virtual int wait_for_child(int pidfd, int& returncode) noexcept = 0;
    virtual int pidfd_send_signal(int pidfd, int signal_number) noexcept = 0;
    /// Whether signals reach its loop: those of the process, or, where time is not real, a simulation's.
    virtual bool has_signals() const noexcept { return real_time(); }
    /// Which of `bound` things that may come in any order comes next: the first, but in a simulation.
    virtual std::uint32_t choose(std::uint32_t /*bound*/) noexcept { return 0; }

    /// Changes in a child of `fork`, at once: what is in flight, and what the loop's descriptors stand for, is the parent's.
    std::uint32_t forks() const noexcept { return forks_ + (*created_here_ == 0 ? 1 : 0); }
    /// Who is told of a fork by the child's first `poll`, before anything completes; null: nobody.
    void watch_forks(ForkWatcher* watcher) noexcept { fork_watcher_ = watcher; }

    /// Whether `poll` has something to do without waiting; a `wake` does not show here. The loop asks in each iteration, so two words of
    /// memory tell.
    bool has_news() const noexcept {
        return __atomic_load_n(count_, __ATOMIC_RELAXED) != calm_ ||
               (__atomic_load_n(flags_, __ATOMIC_RELAXED) & news_flags_) != 0;
    }
    /// Whether completions may be waiting that only a call of `poll` can see (epoll); a busy loop then polls from time to time.
    bool must_be_asked() const noexcept { return must_be_asked_; }

protected:
    static constexpr unsigned char never_forks = 1;
    /// 1, on a page that the kernel clears in a child.
    const volatile unsigned char* created_here_ = &never_forks;
    std::uint32_t forks_ = 0;
    ForkWatcher* fork_watcher_ = nullptr;
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
