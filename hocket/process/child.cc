// SPDX-License-Identifier: MIT
// Waiting for a child process, and signals to it.
#include <hocket/process/child_internal.h>

#include <hocket/base/report.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/event_loop.h>

#include <poll.h>
#include <cerrno>
#include <csignal>
#include <utility>

namespace hocket {

namespace {
constexpr int unknown_returncode = 255;  // as asyncio has it
}

Shared<Child> Child::watch(Network& network, int pidfd, int pid, std::string program) {
    auto child = Shared<Child>::make(network, pidfd, pid, std::move(program));
    child->self_ = child;
    child->wait_readable();
    return child;
}

Child::Child(Network& network, int pidfd, int pid, std::string program)
    : Socket(network, pidfd), loop_(network.loop()), program_(std::move(program)), pid_(pid) {}

void Child::Ended::describe(AwaitDescription& to) const { to.text = "the end of " + child.name(); }

std::string Child::name() const { return "process " + std::to_string(pid_) + " (" + program_ + ")"; }

void Child::check_loop(const char* call) const {
    if (this_loop && this_loop != &loop_) throw RuntimeError(name() + " belongs to a different event loop");
    if (network()) loop_.check_usable(call);
}

void Child::wait_readable() noexcept {
    code = Opcode::poll;
    flags = POLLIN;
    completed = [](Operation& op) noexcept { static_cast<Child&>(op).readable(); };
    waiting_ = true;
    submit(*this);
}

void Child::readable() noexcept {
    completed_one();
    waiting_ = false;
    if (!returncode_ && !closing() && !take_status()) return wait_readable();
    close_if_over();
}

bool Child::take_status() noexcept {
    int status = 0;
    const int waited = network()->backend().wait_for_child(Socket::fd(), status);
    if (waited == -EAGAIN) return false;
    if (waited < 0) {
        report(name() +
               " was waited for by somebody else, or is another process's child: its returncode is unknown, and 255 "
               "here");
        status = unknown_returncode;
    }
    is_over(status);
    return true;
}

void Child::is_over(int returncode) noexcept {
    returncode_ = returncode;
    ended.wake_all();
    begin_closing();
}

void Child::send_signal(int signal_number) {
    const std::string attempted = "send signal " + std::to_string(signal_number) + " to " + name();
    if (returncode_ || !network()) throw OSError(ESRCH, attempted);
    const int sent = network()->backend().pidfd_send_signal(Socket::fd(), signal_number);
    if (sent < 0 && sent != -ESRCH) throw OSError(-sent, attempted);
}

// A status that is there already is taken, so that nothing is killed which has ended by itself.
void Child::kill_if_alive() noexcept {
    if (!returncode_ && network() && !take_status()) network()->backend().pidfd_send_signal(Socket::fd(), SIGKILL);
    close_if_over();
}

void Child::abort() noexcept {
    if (!returncode_ && !take_status() && network()->backend().pidfd_send_signal(Socket::fd(), SIGKILL) < 0)
        begin_closing();  // it is no longer ours to kill, and may live for ever
    close_if_over();
}

void Child::cancel_operations() noexcept {
    if (waiting_) network()->backend().cancel(*this);
}

void Child::descriptor_closed() noexcept { self_ = nullptr; }

}  // namespace hocket
