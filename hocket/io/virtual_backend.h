// SPDX-License-Identifier: MIT
// A backend without an operating system, whose clock jumps to the next deadline: for tests of time.
#pragma once

#include <hocket/io/completing_backend.h>

#include <atomic>
#include <cstdint>

namespace hocket {

/// Virtual time. When nothing is finished, `poll` sets the clock to the deadline and returns. There is no network, no file and no process: every
/// operation ends with -EOPNOTSUPP ("Operation not supported"), which, unlike ENETDOWN, no program takes for a passing trouble, and so
/// do the control calls, but for `close`.
///
/// The clock stands still while code runs, and while `poll(forever)` blocks: that waits for `wake` on the real clock, since threads exist
/// in virtual time too. So a loop that has work outside (a job in an executor) polls with `forever`, whatever its timers say, unless
/// that work waits for a task of the loop; a loop that has neither that nor a timer will wait for ever, and reports the deadlock before it polls.
class HOCKET_EXPORT VirtualBackend final : public CompletingBackend {
public:
    static constexpr std::int64_t start = 1'000'000'000'000;             ///< `now` in the beginning: 1000 s
    static constexpr std::int64_t wall_start = 946'684'800'000'000'000;  ///< `wall_time` then: 2000-01-01 00:00 UTC

    explicit VirtualBackend(std::uint64_t seed = 0) noexcept : random_(seed) {}

    /// Moves the clock on. For tests.
    void advance(std::int64_t nanoseconds) noexcept { now_ += nanoseconds; }

    const char* name() const noexcept override { return "virtual"; }
    std::int64_t now() noexcept override { return now_; }
    std::int64_t wall_time() noexcept override { return wall_start + (now_ - start); }
    bool real_time() const noexcept override { return false; }
    std::uint64_t entropy() noexcept override;

    void submit(Operation& op) noexcept override;
    void cancel(Operation& op) noexcept override;
    void poll(std::int64_t deadline) noexcept override;
    void wake() noexcept override;
    int fileno() const noexcept override { return -1; }

    int socket(int domain, int type, int protocol) noexcept override;
    int bind(int fd, const sockaddr* address, unsigned size) noexcept override;
    int listen(int fd, int backlog) noexcept override;
    int accept(int fd, sockaddr* address, unsigned* size) noexcept override;
    int getsockname(int fd, sockaddr* address, unsigned* size) noexcept override;
    int getpeername(int fd, sockaddr* address, unsigned* size) noexcept override;
    int setsockopt(int fd, int level, int option, const void* value, unsigned size) noexcept override;
    int getsockopt(int fd, int level, int option, void* value, unsigned* size) noexcept override;
    int shutdown(int fd, int how) noexcept override;
    int sendmsg(int fd, const msghdr* message) noexcept override;
    int send_at_once(int fd, const void* data, std::size_t size) noexcept override;
    int readable(int fd) noexcept override;
    int read(int fd, void* data, std::size_t size) noexcept override;
    int sendfile(int to, int from, std::int64_t offset, std::size_t count) noexcept override;
    /// Really closes: a descriptor here can only be one that the program got from the system by itself.
    int close(int fd) noexcept override;
    int adopt(int fd) noexcept override;
    int spawn(Spawn& child) noexcept override;
    int wait_for_child(int pidfd, int& returncode) noexcept override;
    int pidfd_send_signal(int pidfd, int signal_number) noexcept override;

private:
    std::int64_t now_ = start;
    std::uint64_t random_;
    std::atomic<std::uint32_t> wake_ = 0;  // a futex: 1 while `poll` sleeps, 2 after a wake that no `poll` has taken
};

}  // namespace hocket
