// SPDX-License-Identifier: MIT
// The backend of a program on a simulated host.
#pragma once

#include <hocket/io/choices.h>
#include <hocket/io/completing_backend.h>
#include <hocket/io/sim_kernel_internal.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <vector>

namespace hocket::sys {
class FileCalls;
}

namespace hocket::sim {

class SimBackend;

/// What lets time pass for a program that waits inside its own work (`nested_run`, the end of its loop), and plays its child processes.
class Driver {
public:
    // As of Backend; here, there are no processes.
    virtual int spawn(SimBackend& /*parent*/, Spawn& /*child*/) { return -EOPNOTSUPP; }
    virtual int wait_for_child(SimBackend& /*parent*/, int /*pidfd*/, int& /*returncode*/) { return -EOPNOTSUPP; }
    virtual int pidfd_send_signal(SimBackend& /*parent*/, int /*pidfd*/, int /*number*/) { return -EOPNOTSUPP; }
    /// Others go on until `backend` has something to do, or `deadline`.
    virtual void wait(SimBackend& backend, std::int64_t deadline) noexcept = 0;

protected:
    ~Driver() = default;
};

/// Everything that the operating system is to a program, from a kernel of the simulation. One thread; it never sleeps: `poll` returns
/// at once where it may, and else lets the driver go on.
///
/// Completions come in any order, and as late as the network's configuration says; a cancel wins, loses, or takes effect late.
class HOCKET_EXPORT SimBackend : public CompletingBackend {
public:
    SimBackend(Kernel& kernel, Driver& driver, std::uint64_t seed) noexcept
        : kernel_(kernel), driver_(driver), random_(seed) {}

    Kernel& kernel() const noexcept { return kernel_; }
    /// When a completion that is late is due; `forever`: there is none.
    std::int64_t next_due() const noexcept;
    /// Whether the loop has something to take from here now.
    bool has_something() const noexcept {
        return dead_ || woken_ || has_news() || next_due() <= kernel_.network().schedule.now();
    }
    /// The program ends: what waits ends now, and so does what comes.
    void begin_end() noexcept;
    /// The host has crashed: nothing that the program still does has an effect.
    void die() noexcept;
    bool dead() const noexcept { return dead_; }
    /// Blocks the thread until another one calls `wake`.
    void sleep() noexcept { woken_.wait(false); }
    /// Tries what waits on `endpoint`.
    void advance(Endpoint& endpoint) noexcept;

    const char* name() const noexcept override { return "sim"; }
    std::int64_t now() noexcept override { return kernel_.network().schedule.now(); }
    std::int64_t wall_time() noexcept override;
    bool real_time() const noexcept override { return false; }
    bool has_signals() const noexcept override { return true; }
    std::uint32_t choose(std::uint32_t bound) noexcept override { return kernel_.network().choices.choose(bound); }
    std::uint64_t entropy() noexcept override { return random_.next(); }

    void submit(Operation& op) noexcept override;
    void cancel(Operation& op) noexcept override;
    void poll(std::int64_t deadline) noexcept override;
    void wake() noexcept override {
        woken_ = true;
        woken_.notify_one();
    }
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
    int close(int fd) noexcept override;
    int adopt(int fd) noexcept override;
    int spawn(Spawn& child) noexcept override;
    int wait_for_child(int pidfd, int& returncode) noexcept override;
    int pidfd_send_signal(int pidfd, int signal_number) noexcept override;

private:
    // A completion, or a cancel, that takes effect at a time.
    struct Late {
        std::int64_t when;
        Operation* op;
        bool cancel;
    };
    template <class F>
    int with(int fd, F f) noexcept;
    const Shared<Endpoint>* find(int fd) noexcept;
    int install(Shared<Endpoint> endpoint) noexcept;
    std::int64_t later(const char* what) const;
    int attempt(Operation& op, const Shared<Endpoint>& endpoint);
    int attempt(const Operation& op, OpenFile& file);
    void done(Operation& op, int result) noexcept;
    void remove_from_list(Operation& op) noexcept;
    void take_due() noexcept;
    void shuffle_finished() noexcept;

    Kernel& kernel_;
    Driver& driver_;
    Random random_;
    std::vector<Late> late_;
    sys::FileCalls* file_calls_ = nullptr;  // of the program, for which its operations are tried again
    std::atomic<bool> woken_ = false;
    bool ending_ = false;
    bool dead_ = false;
};

}  // namespace hocket::sim
