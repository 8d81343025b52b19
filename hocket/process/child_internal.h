// SPDX-License-Identifier: MIT
// A child process as its loop has it: waited for from its start to its end, whoever else cares.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/backend.h>
#include <hocket/core/gate.h>
#include <hocket/net/socket.h>

#include <optional>
#include <string>

namespace hocket {

/// The pidfd is readable when the process has ended. Keeps itself alive until then.
class Child final : public Socket, Operation {
public:
    /// Takes over `pidfd`.
    static Shared<Child> watch(Network& network, int pidfd, int pid, std::string program);
    Child(Network& network, int pidfd, int pid, std::string program);
    ~Child() override = default;

    int pid() const noexcept { return pid_; }
    /// `process 4711 (cat)`
    std::string name() const;
    std::optional<int> returncode() const noexcept { return returncode_; }
    /// Throws RuntimeError in another loop and, in debug mode, on another thread.
    void check_loop(const char* call) const;
    void send_signal(int signal_number);
    void kill_if_alive() noexcept;
    /// Of the loop's end: kills it, and is there until it has ended.
    void abort() noexcept override;

    struct Ended final : WaitPoint {
        const Child& child;
        explicit Ended(const Child& c) noexcept : WaitPoint("Process.wait"), child(c) {}
        void describe(AwaitDescription& to) const override;
    };
    Ended ended{*this};

private:
    void wait_readable() noexcept;
    void readable() noexcept;
    /// False: it lives.
    bool take_status() noexcept;
    void is_over(int returncode) noexcept;
    void cancel_operations() noexcept override;
    void descriptor_closed() noexcept override;

    EventLoop& loop_;
    std::string program_;
    Shared<Child> self_;
    std::optional<int> returncode_;
    int pid_;
    bool waiting_ = false;
};

}  // namespace hocket
