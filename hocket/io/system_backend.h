// SPDX-License-Identifier: MIT
// What the two backends on the real system share: clock, entropy, control calls, and the wake from other threads.
#pragma once

#include <hocket/io/completing_backend.h>

#include <atomic>
#include <cstdint>
#include <utility>

namespace hocket {

class SystemBackend : public CompletingBackend {
public:
    ~SystemBackend() override;

    std::int64_t now() noexcept override;
    std::int64_t wall_time() noexcept override;
    bool real_time() const noexcept override { return true; }
    std::uint64_t entropy() noexcept override;

    /// Costs a system call only when `poll` sleeps, or when `fileno` was asked for and another loop may sleep on it; until the next
    /// `poll`, further wakes cost an atomic exchange.
    void wake() noexcept final;

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
    int close(int fd) noexcept override;
    int adopt(int fd) noexcept override;
    int spawn(Spawn& child) noexcept override;
    int wait_for_child(int pidfd, int& returncode) noexcept override;
    int pidfd_send_signal(int pidfd, int signal_number) noexcept override;

protected:
    SystemBackend();

    /// `poll` is about to wait for the kernel. False if `wake` was called since the last `poll`: do not wait.
    bool may_sleep() noexcept {
        Wake awake = Wake::none;
        return wake_.compare_exchange_strong(awake, Wake::asleep, std::memory_order_acq_rel);
    }
    /// Another `poll` ends. What was posted before a `wake` that this one took is visible to the caller.
    void stop_sleeping() noexcept {
        if (wake_.load(std::memory_order_relaxed) != Wake::none) wake_.exchange(Wake::none, std::memory_order_acq_rel);
    }
    /// Whether this process is a child that inherited the backend, and has not called `renew_after_fork`. Its operations are the
    /// parent's: the kernel carries them out on the parent's memory.
    bool forked() const noexcept { return *created_here_ == 0; }
    /// Takes a wake descriptor of this process's own.
    void renew_after_fork() noexcept;
    /// What `poll` does before anything completes.
    void tell_of_fork() noexcept {
        if (std::exchange(untold_fork_, false) && fork_watcher_) fork_watcher_->forked();
    }
    /// Written to when `poll` is to be woken. Who waits for its edges need not read it.
    int wake_descriptor() const noexcept { return wake_descriptor_; }
    /// `fileno` was called: another loop may sleep in place of `poll`.
    void watch_from_outside() const noexcept { watched_.store(true, std::memory_order_relaxed); }
    bool watched_from_outside() const noexcept { return watched_.load(std::memory_order_relaxed); }

    /// Whether `op` is a write that must not raise SIGPIPE. Of a pipe, the kernel cannot be told so: the write is made here, and not by the
    /// ring.
    static bool is_quiet_write(const Operation& op) noexcept;
    /// That write, once: its result, or -errno; -EAGAIN if it would block.
    static int write_quietly(const Operation& op) noexcept;

    /// Nanoseconds until `deadline`, 0 when it has passed.
    std::int64_t until(std::int64_t deadline) noexcept {
        const std::int64_t t = now();
        return deadline > t ? deadline - t : 0;
    }

private:
    enum class Wake : std::uint8_t { none, asleep, asked };
    static_assert(std::atomic<Wake>::is_always_lock_free);  // `wake` is called by signal handlers

    std::atomic<Wake> wake_ = Wake::none;
    mutable std::atomic<bool> watched_ = false;
    int wake_descriptor_ = -1;
    volatile unsigned char* mark_ = nullptr;  // `created_here_`
    bool untold_fork_ = false;
};

}  // namespace hocket
