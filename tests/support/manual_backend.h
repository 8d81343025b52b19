// SPDX-License-Identifier: MIT
// A backend that does what a test tells it: completes operations when asked, moves its clock when asked.
#pragma once

#include <hocket/base/function.h>
#include <hocket/io/completing_backend.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <vector>

namespace hocket::testing {

/// Time stands still but for `advance` and for waits, which jump to their deadline. An operation stays in flight until `complete`; what a
/// cancel does to it, `on_cancel` decides.
class ManualBackend final : public CompletingBackend {
public:
    std::vector<Operation*> in_flight;
    int cancels = 0;          ///< how often one was asked for
    std::vector<int> closed;  ///< descriptors, in order
    int polls = 0;
    std::int64_t time = 1'000'000'000;
    /// Called for each cancel of an operation in flight; by default it ends with -ECANCELED.
    Function<void(Operation&)> on_cancel = [this](Operation& op) { complete(op, -ECANCELED); };
    /// Called when the loop would wait for ever.
    Function<void()> on_idle;

    void complete(Operation& op, int result) {
        std::erase(in_flight, &op);
        finish(op, result);
    }
    /// The one that was submitted first.
    void complete(int result) { complete(*in_flight.front(), result); }
    void advance(std::int64_t nanoseconds) noexcept { time += nanoseconds; }

    const char* name() const noexcept override { return "manual"; }
    std::int64_t now() noexcept override { return time; }
    std::int64_t wall_time() noexcept override { return time; }
    bool real_time() const noexcept override { return false; }
    std::uint64_t entropy() noexcept override { return 4; }

    void submit(Operation& op) noexcept override {
        ++pending_;
        op.state = Operation::State::in_flight;
        in_flight.push_back(&op);
        call_for_poll();
    }
    void cancel(Operation& op) noexcept override {
        ++cancels;
        if (std::find(in_flight.begin(), in_flight.end(), &op) != in_flight.end()) on_cancel(op);
    }
    void poll(std::int64_t deadline) noexcept override {
        ++polls;
        be_calm();
        if (finished_.empty() && deadline == forever && on_idle) on_idle();
        if (finished_.empty() && deadline != forever && deadline > time) time = deadline;
        complete_finished();
    }
    void wake() noexcept override {}
    int fileno() const noexcept override { return -1; }

    int socket(int, int, int) noexcept override { return -ENOSYS; }
    int bind(int, const sockaddr*, unsigned) noexcept override { return -ENOSYS; }
    int listen(int, int) noexcept override { return -ENOSYS; }
    int accept(int, sockaddr*, unsigned*) noexcept override { return -ENOSYS; }
    int getsockname(int, sockaddr*, unsigned*) noexcept override { return -ENOSYS; }
    int getpeername(int, sockaddr*, unsigned*) noexcept override { return -ENOSYS; }
    int setsockopt(int, int, int, const void*, unsigned) noexcept override { return -ENOSYS; }
    int getsockopt(int, int, int, void*, unsigned*) noexcept override { return -ENOSYS; }
    int shutdown(int, int) noexcept override { return -ENOSYS; }
    int sendmsg(int, const msghdr*) noexcept override { return -ENOSYS; }
    int send_at_once(int, const void*, std::size_t) noexcept override { return -ENOSYS; }
    int readable(int) noexcept override { return -ENOSYS; }
    int read(int, void*, std::size_t) noexcept override { return -ENOSYS; }
    int sendfile(int, int, std::int64_t, std::size_t) noexcept override { return -ENOSYS; }
    int close(int fd) noexcept override {
        closed.push_back(fd);
        return 0;
    }
    int adopt(int) noexcept override { return -ENOSYS; }
    int spawn(Spawn&) noexcept override { return -ENOSYS; }
    int wait_for_child(int, int&) noexcept override { return -ENOSYS; }
    int pidfd_send_signal(int, int) noexcept override { return -ENOSYS; }
};

}  // namespace hocket::testing
