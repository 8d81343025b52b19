// SPDX-License-Identifier: MIT
// Forks, and reads what the child has written into memory that both have.
#include <hocket/inspect/forked_internal.h>

#include <hocket/core/event_loop.h>
#include <hocket/inspect/snapshot.h>
#include <hocket/inspect/visit_internal.h>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>

namespace hocket::inspect {

namespace {

constexpr unsigned child_seconds = 3;  // then it is ended
constexpr std::string_view end =
    "\x04";  // after all that it says: the status of a child that others have reaped is not known

// What cannot be read ends the child, and no more.
void end_quietly(int) { _exit(1); }

// In the child, which ends here whatever happens: it is no second monitor.
[[noreturn]] void say_and_end(int to, int begin, const Function<std::string()>& say) noexcept {
    struct sigaction quietly{};
    quietly.sa_handler = end_quietly;
    sigset_t blocked;  // what the program does at a signal is for the program alone
    sigfillset(&blocked);
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM}) {
        sigaction(number, &quietly, nullptr);
        sigdelset(&blocked, number);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
    alarm(child_seconds);
    try {
        std::uint64_t begins = 0;
        if (::read(begin, &begins, sizeof begins) != sizeof begins) _exit(1);
        const std::string text = say() + std::string(end);
        for (std::size_t done = 0; done < text.size();) {
            const ssize_t n = ::write(to, text.data() + done, text.size() - done);
            if (n < 0) _exit(1);
            done += static_cast<std::size_t>(n);
        }
    } catch (...) {
        _exit(1);
    }
    _exit(0);
}

bool has_thread(int process, int thread) {
    return ::syscall(SYS_tgkill, process, thread, 0) == 0 || errno != ESRCH;  // sends nothing
}

std::string all_loops(const Visit& visit) {
    Snapshot snapshot;
    snapshot.pid = getppid();
    for (int id = 1; id < 256; ++id) {
        EventLoop* const loop = EventLoop::with_id(static_cast<std::uint8_t>(id));
        if (loop == nullptr) continue;
        const bool stood = std::ranges::count(visit.came(), loop->mark()) > 0;
        snapshot.loops.push_back(snapshot_of(*loop, stood));
        LoopSnapshot& seen = snapshot.loops.back();
        seen.stood = stood;
        // Where the process is itself the child of a fork, its parent's loops are there, too, and not the threads that run them.
        if (!stood && seen.thread != 0 && !has_thread(snapshot.pid, seen.thread)) seen.thread = 0;
    }
    return to_lines(snapshot);
}

}  // namespace

TalkingChild::TalkingChild(const Function<std::string()>& say, bool looks_at_threads)
    : file_(memfd_create("hocket-child", MFD_CLOEXEC), "make memory for what a child says") {
    const Descriptor begin(::eventfd(0, EFD_CLOEXEC), "make an event for a child");
    child_ = fork();
    if (child_ == 0) say_and_end(file_, begin, say);
    if (child_ < 0) throw OSError(errno, "fork to look at this process");
    if (looks_at_threads) prctl(PR_SET_PTRACER, child_);
    const std::uint64_t one = 1;
    (void)!::write(begin, &one, sizeof one);
}

std::string TalkingChild::text(int stop) const {
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child_, 0));
    pollfd watched[] = {{pidfd, POLLIN, 0}, {stop, POLLIN, 0}};
    while (pidfd >= 0 && ::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
    if (pidfd >= 0) ::close(pidfd);
    while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) continue;
    std::string said(static_cast<std::size_t>(lseek(file_, 0, SEEK_END)), '\0');
    const ssize_t n = pread(file_, said.data(), said.size(), 0);
    said.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return said.ends_with(end) ? said.substr(0, said.size() - end.size()) : std::string();
}

std::string take_snapshot(int stop) {
    Snapshot heading;
    heading.pid = getpid();
    Unique<TalkingChild> child;
    {
        const Visit visit;
        child = Unique<TalkingChild>::make([&visit] { return all_loops(visit); });
        heading.stopped = static_cast<std::uint64_t>(visit.stopped().count());
    }
    const std::string lines = child->text(stop);
    return lines.empty() ? std::string() : first_line(heading) + lines.substr(lines.find('\n') + 1);
}

}  // namespace hocket::inspect
