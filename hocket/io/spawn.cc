// SPDX-License-Identifier: MIT
// Starting a child process: its descriptors, what it does between vfork and exec, and how the parent learns what failed.
#include <hocket/io/spawn_internal.h>

#include <hocket/base/without_signals_internal.h>

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

namespace hocket {

namespace {

constexpr int first_other = STDERR_FILENO + 1;
constexpr int most_descriptors = 1 << 20;  // fs.nr_open, where nobody has raised it

/// What the child says, through a pipe that a successful exec closes, when it cannot run its program. Memory would do where it is shared; but
/// under a sanitizer, or in an emulator, the child may have a copy.
struct Failure {
    int error;
    Spawn::Step step;
    int fd;
};

// ---- In the child, which shares the parent's memory: no allocation, no lock, nothing of the parent's is changed

class ChildSide {
public:
    ChildSide(const Spawn& spawn, const int* standard, int report) noexcept
        : spawn_(spawn), standard_{standard[0], standard[1], standard[2]}, report_(report) {}

    [[noreturn]] void run() noexcept {
        arrange_descriptors();
        if (spawn_.directory && chdir(spawn_.directory) < 0) fail(Spawn::Step::directory);
        if (spawn_.umask >= 0) ::umask(static_cast<mode_t>(spawn_.umask));
        if (spawn_.new_session && setsid() < 0) fail(Spawn::Step::session);
        if (spawn_.process_group >= 0 && setpgid(0, spawn_.process_group) < 0) fail(Spawn::Step::group);
        if (spawn_.close_fds) close_others();
        restore_signals();
        execute();
    }

private:
    [[noreturn]] void fail(Spawn::Step step, int fd = -1) const noexcept {
        const Failure failure{errno, step, fd};
        [[maybe_unused]] const ssize_t written = ::write(report_, &failure, sizeof failure);
        // Not _exit, before which the thread sanitizer flushes the parent's streams.
        for (;;) ::syscall(SYS_exit_group, 127);
    }

    // Out of the way of the three that are about to be overwritten.
    int moved_up(int fd) const noexcept {
        const int copy = fcntl(fd, F_DUPFD_CLOEXEC, first_other);
        if (copy < 0) fail(Spawn::Step::pass_descriptor, fd);
        return copy;
    }

    void arrange_descriptors() noexcept {
        if (report_ < first_other) report_ = moved_up(report_);
        for (int i = 0; i < first_other; ++i) {
            int& fd = standard_[i];
            if (fd >= 0 && fd < first_other && fd != i) fd = moved_up(fd);
        }
        for (int i = 0; i < first_other; ++i) {
            const int fd = standard_[i];
            if (fd == i) {
                stay_open(fd);
            } else if (fd >= 0 && dup2(fd, i) < 0) {
                fail(Spawn::Step::pass_descriptor, fd);
            }
        }
        for (std::size_t i = 0; i < spawn_.pass_fds_count; ++i) stay_open(spawn_.pass_fds[i]);
    }

    void stay_open(int fd) const noexcept {
        const int flags = fcntl(fd, F_GETFD);
        if (flags < 0 || fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) < 0) fail(Spawn::Step::pass_descriptor, fd);
    }

    bool keeps(int fd) const noexcept { return fd < first_other || next_kept(fd) == fd; }

    /// The least descriptor from `from` on that stays open, or INT_MAX.
    int next_kept(int from) const noexcept {
        int least = report_ >= from ? report_ : INT_MAX;
        for (std::size_t i = 0; i < spawn_.pass_fds_count; ++i) {
            if (spawn_.pass_fds[i] >= from) least = std::min(least, spawn_.pass_fds[i]);
        }
        return least;
    }

    void close_others() const noexcept {
        for (int from = first_other;;) {
            const int kept = next_kept(from);
            if (kept > from && !close_range(from, kept - 1)) {
                if (!close_listed()) close_numbers();
                return;
            }
            if (kept == INT_MAX) return;
            from = kept + 1;
        }
    }

    // False before Linux 5.9, and in a container that does not know the call.
    static bool close_range(int first, int last) noexcept {
        return syscall(SYS_close_range, static_cast<unsigned>(first), static_cast<unsigned>(last), 0U) == 0;
    }

    // Those that are open: the limit tells neither how many there are nor, once it was lowered, how high their numbers go. False: there is no
    // list. opendir would allocate.
    bool close_listed() const noexcept {
        const int list = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (list < 0) return false;
        alignas(dirent64) char entries[1024];
        long size = 0;
        while ((size = syscall(SYS_getdents64, list, entries, sizeof entries)) > 0) {
            for (long at = 0; at < size;) {
                const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
                const int fd = number_in(entry->d_name);
                if (fd != list && !keeps(fd)) ::close(fd);
                at += entry->d_reclen;
            }
        }
        ::close(list);
        return size == 0;
    }

    // Of "." and "..", 0.
    static int number_in(const char* text) noexcept {
        int n = 0;
        for (; *text >= '0' && *text <= '9'; ++text) n = n * 10 + (*text - '0');
        return n;
    }

    void close_numbers() const noexcept {
        rlimit limit{};
        int end = most_descriptors;
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < most_descriptors)
            end = static_cast<int>(limit.rlim_cur);
        for (int fd = first_other; fd < end; ++fd) {
            if (!keeps(fd)) ::close(fd);
        }
    }

    // The parent's handlers are the parent's. exec resets them by itself, but signals are let in before that. What is ignored stays so, as for
    // nohup; but a program expects that a broken pipe ends it.
    static void restore_signals() noexcept {
        struct sigaction by_default{};
        by_default.sa_handler = SIG_DFL;
        for (int number = 1; number < NSIG; ++number) {
            struct sigaction action{};
            if (sigaction(number, nullptr, &action) < 0 || action.sa_handler == SIG_DFL) continue;
            if (action.sa_handler == SIG_IGN && number != SIGPIPE && number != SIGXFSZ) continue;
            sigaction(number, &by_default, nullptr);
        }
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
    }

    // Of several paths, that one is not there says less than that another may not be run.
    [[noreturn]] void execute() const noexcept {
        const auto arguments = const_cast<char* const*>(spawn_.arguments);
        const auto variables = spawn_.environment ? const_cast<char* const*>(spawn_.environment) : environ;
        int error = ENOENT;
        for (const char* const* program = spawn_.programs; *program; ++program) {
            execve(*program, arguments, variables);
            if (error == ENOENT || error == ENOTDIR) error = errno;
        }
        errno = error;
        fail(Spawn::Step::program);
    }

    const Spawn& spawn_;
    int standard_[3];
    int report_;
};

// Nothing but the call: what the child changes on the stack of the function that calls it, the parent sees. posix_spawn, which does the
// same inside, does not tell what failed, and knows no umask.
[[gnu::noinline]] pid_t start_without_pidfd(ChildSide& child) noexcept {
    const pid_t pid = vfork();  // NOLINT(bugprone-unsafe-functions)
    if (pid == 0) child.run();
    return pid;
}

// The same with a descriptor of the child, which stands for it and no other even when somebody else waits for it, or nobody has to. A stack
// of its own keeps the child off its parent's. `pidfd` stays -1 where the kernel refuses the flag.
pid_t start(ChildSide& child, int& pidfd) noexcept {
#if HOCKET_SANITIZED  // which has its own part in what happens in a process
    constexpr int memory = 0;
    static constexpr std::size_t stack_size = 256 << 10;
#else
    constexpr int memory = CLONE_VM | CLONE_VFORK;
    static constexpr std::size_t stack_size = 32 << 10;
#endif
    alignas(16) char stack[stack_size];
    const auto run = [](void* side) -> int { static_cast<ChildSide*>(side)->run(); };
    const pid_t pid = clone(run, stack + sizeof stack, memory | CLONE_PIDFD | SIGCHLD, &child, &pidfd);
    const bool refused = pid < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM);
    return refused ? start_without_pidfd(child) : pid;
}

// ---- In the parent

/// The descriptors of a child that is being started. What is not handed over is closed.
class Ends {
public:
    Ends() noexcept = default;
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    ~Ends() {
        for (const int fd : opened_) close(fd);
        for (const int fd : ours_) close(fd);
        for (const int fd : report_) close(fd);
    }

    int make(const Spawn& spawn) noexcept {
        for (int i = 0; i < first_other; ++i) {
            if (const int error = make_one(i, spawn.standard[i]); error < 0) return error;
        }
        return pipe2(report_, O_CLOEXEC) < 0 ? -errno : 0;
    }

    const int* standard() const noexcept { return standard_; }
    int report() const noexcept { return report_[1]; }
    void child_has_begun() noexcept { close(std::exchange(report_[1], -1)); }
    /// Whether the child failed; waits until that is known.
    bool read_failure(Failure& failure) const noexcept {
        ssize_t n = 0;
        do {
            n = ::read(report_[0], &failure, sizeof failure);
        } while (n < 0 && errno == EINTR);
        return n == static_cast<ssize_t>(sizeof failure);
    }
    void hand_over(Spawn& spawn) noexcept {
        for (int i = 0; i < first_other; ++i) spawn.ends[i] = std::exchange(ours_[i], -1);
    }

private:
    static void close(int fd) noexcept {
        if (fd >= 0) ::close(fd);
    }

    int make_one(int i, int what) noexcept {
        int& standard = standard_[i];
        standard = what;
        if (what == Spawn::null) {
            standard = opened_[i] = ::open("/dev/null", O_RDWR | O_CLOEXEC);
            return standard < 0 ? -errno : 0;
        }
        if (what == Spawn::as_stdout) standard = standard_[1] == Spawn::inherit ? STDOUT_FILENO : standard_[1];
        if (what != Spawn::pipe) return 0;
        int fds[2];
        if (pipe2(fds, O_CLOEXEC) < 0) return -errno;
        const bool child_reads = i == STDIN_FILENO;
        standard = opened_[i] = fds[child_reads ? 0 : 1];
        ours_[i] = fds[child_reads ? 1 : 0];
        return fcntl(ours_[i], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    }

    int standard_[3] = {-1, -1, -1};
    int opened_[3] = {-1, -1, -1};  // the child's, made here
    int ours_[3] = {-1, -1, -1};
    int report_[2] = {-1, -1};
};

// Without a descriptor, by its number, which is its own as long as nobody else waits for it.
void wait_for(pid_t pid, int pidfd) noexcept {
    siginfo_t end{};
    while (waitid(pidfd < 0 ? P_PID : P_PIDFD, static_cast<id_t>(pidfd < 0 ? pid : pidfd), &end, WEXITED) < 0 &&
           errno == EINTR) {
    }
}

// What is passed must be open before anything else is opened, which may get the number of one that is not. Returns 0 or -errno.
int check_passed(Spawn& spawn) noexcept {
    const auto check = [&spawn](int fd) {
        if (fcntl(fd, F_GETFD) >= 0) return 0;
        spawn.failed = Spawn::Step::pass_descriptor;
        spawn.failed_fd = fd;
        return -errno;
    };
    for (std::size_t i = 0; i < spawn.pass_fds_count; ++i) {
        if (const int error = check(spawn.pass_fds[i]); error < 0) return error;
    }
    for (const int fd : spawn.standard) {
        if (const int error = fd >= 0 ? check(fd) : 0; error < 0) return error;
    }
    return 0;
}

}  // namespace

int spawn_process(Spawn& spawn) noexcept {
    spawn.failed = Spawn::Step::start;
    if (const int error = check_passed(spawn); error < 0) return error;
    Ends ends;
    if (const int error = ends.make(spawn); error < 0) return error;
    ChildSide child(spawn, ends.standard(), ends.report());
    int pidfd = -1;  // close-on-exec
    pid_t pid = -1;
    int error = 0;
    {
        const WithoutSignals guard;
        pid = start(child, pidfd);
        error = errno;
    }
    if (pid < 0) return -error;

    ends.child_has_begun();
    if (Failure failure{}; ends.read_failure(failure)) {
        wait_for(pid, pidfd);
        if (pidfd >= 0) ::close(pidfd);
        spawn.failed = failure.step;
        spawn.failed_fd = failure.fd;
        return -failure.error;
    }
    if (pidfd < 0) pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (pidfd < 0) {
        const int why = errno;
        if (why != ESRCH) ::kill(pid, SIGKILL);  // else it has ended, and somebody else has waited for it
        wait_for(pid, pidfd);
        return -why;
    }
    spawn.pid = pid;
    spawn.pidfd = pidfd;
    ends.hand_over(spawn);
    return 0;
}

}  // namespace hocket
