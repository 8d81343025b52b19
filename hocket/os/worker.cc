// SPDX-License-Identifier: MIT
// A worker process: what it leaves behind of its parent, and its loop of calls.
#include <hocket/os/worker_internal.h>

#include <hocket/base/without_signals_internal.h>

#include <hocket/core/event_loop.h>
#include <hocket/os/process_pool.h>
#include <hocket/os/simulated_threads.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace hocket {

namespace {

// ---- What a copy of the parent must not keep

// Handlers speak to the parent's loops. Those of faults may stay: what they tell, they tell of this process.
void forget_signal_handlers() noexcept {
    for (int number = 1; number < NSIG; ++number) {
        if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGABRT)
            continue;
        struct sigaction action{};
        if (sigaction(number, nullptr, &action) < 0 || action.sa_handler == SIG_IGN) continue;
        ::signal(number, SIG_DFL);
    }
    ::signal(SIGINT, SIG_IGN);  // the parent decides when it ends
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

// As exec would: else connections that the parent closes would stay open, and ports taken. The numbers stay in use, so that nobody who still
// knows one meets another file there.
void give_up_descriptors(int but) noexcept {
    DIR* const list = ::opendir("/proc/self/fd");
    if (!list) return;
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    while (const dirent* entry = ::readdir(list)) {
        const int fd = std::atoi(entry->d_name);  // of "." and "..": 0
        if (fd <= STDERR_FILENO || fd == but || fd == nothing || fd == ::dirfd(list)) continue;
        const int flags = ::fcntl(fd, F_GETFD);
        if (flags < 0 || !(flags & FD_CLOEXEC)) continue;
        if (nothing < 0 || ::dup3(nothing, fd, O_CLOEXEC) < 0) ::close(fd);
    }
    ::close(nothing);
    ::closedir(list);
}

// A function that calls exit ends this process only: what the parent registered is not run.
void end_without_the_parents_ends() noexcept {
    ::on_exit(
        [](int status, void*) {
            std::fflush(stdout);
            ::_exit(status);
        },
        nullptr);
    std::at_quick_exit([] { ::_exit(EXIT_FAILURE); });
}

// ---- What it does

void do_call(const std::string& request, std::string& reply) noexcept {
    try {
        std::string_view arguments = request;
        const auto entry = reinterpret_cast<WorkerEntry>(get_value<std::uintptr_t>(arguments));
        reply.assign(1, reply_is_result);
        entry(arguments, reply);
    } catch (...) {  // goes to the parent
        reply.assign(1, reply_is_exception);
        put_exception(reply, std::current_exception());
    }
    std::fflush(stdout);
}

// False: there is nobody to serve any more.
bool serve_one(int fd) noexcept {
    std::string request, reply;
    if (!receive_message(fd, request)) return false;
    do_call(request, reply);
    return send_message(fd, reply);
}

// Who fails here tells why when it is first asked, and ends.
void initialize(int fd, const WorkerSettings& settings) noexcept {
    if (!settings.initializer) return;
    try {
        settings.initializer();
    } catch (...) {  // goes to the parent
        std::string request;
        const std::string reply = std::string(1, reply_is_broken) + describe(std::current_exception());
        if (receive_message(fd, request)) send_message(fd, reply);
        ::_exit(EXIT_FAILURE);
    }
    std::fflush(stdout);
}

// ---- Workers that are replaced

// As the process did that this stands for.
[[noreturn]] void end_like(int status) noexcept {
    if (WIFSIGNALED(status)) {
        const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};  // that one has left its own
        ::setrlimit(RLIMIT_CORE, &no_core);
        ::signal(WTERMSIG(status), SIG_DFL);
        ::raise(WTERMSIG(status));
    }
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

[[noreturn]] void serve_some(int fd, const WorkerSettings& settings, pid_t starter,
                             volatile bool* has_served) noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != starter) ::_exit(EXIT_FAILURE);  // it ended before that was set
    initialize(fd, settings);
    for (unsigned served = 0; served < settings.max_tasks; ++served) {
        if (!serve_one(fd)) ::_exit(EXIT_SUCCESS);
    }
    *has_served = true;
    ::_exit(EXIT_SUCCESS);
}

[[noreturn]] void start_one_after_the_other(int fd, const WorkerSettings& settings) noexcept {
    const pid_t starter = ::getpid();
    void* shared = ::mmap(nullptr, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) ::_exit(EXIT_FAILURE);
    volatile bool* has_served = static_cast<bool*>(shared);
    for (;;) {
        *has_served = false;
        const pid_t pid = ::fork();
        if (pid < 0) ::_exit(EXIT_FAILURE);
        if (pid == 0) serve_some(fd, settings, starter, has_served);
        int status = 0;
        while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        if (!*has_served) end_like(status);
    }
}

[[noreturn]] void serve(int fd, const WorkerSettings& settings) noexcept {
    this_loop = nullptr;
    forget_signal_handlers();
    give_up_descriptors(fd);
    end_without_the_parents_ends();
    name_this_thread(settings.name_prefix, settings.number);
    if (settings.max_tasks > 0) start_one_after_the_other(fd, settings);
    initialize(fd, settings);
    while (serve_one(fd)) {
    }
    ::_exit(EXIT_SUCCESS);
}

// ---- Messages: a size, and so many bytes

bool send_bytes(int fd, const char* bytes, std::size_t size) noexcept {
    while (size > 0) {
        const ssize_t n = ::send(fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

bool receive_bytes(int fd, char* bytes, std::size_t size) noexcept {
    while (size > 0) {
        const ssize_t n = ::recv(fd, bytes, size, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

}  // namespace

StartedWorker start_worker(const WorkerSettings& settings) {
    check_not_simulated("processes to work in");
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) throw OSError(errno, "start a worker process");
    std::fflush(stdout);  // or the worker would print once more what waits in the buffer
    pid_t pid = -1;
    int error = 0;
    {
        const WithoutSignals guard;
        pid = ::fork();
        if (pid == 0) serve(ends[1], settings);
        error = errno;
    }
    ::close(ends[1]);
    if (pid < 0) {
        ::close(ends[0]);
        throw OSError(error, "start a worker process");
    }
    // It does nothing before it is asked, so the number is still its own.
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    return {pid, pidfd, ends[0]};
}

bool send_message(int fd, const std::string& message) noexcept {
    const std::uint64_t size = message.size();
    return send_bytes(fd, reinterpret_cast<const char*>(&size), sizeof size) &&
           send_bytes(fd, message.data(), message.size());
}

bool receive_message(int fd, std::string& message) {
    std::uint64_t size = 0;
    if (!receive_bytes(fd, reinterpret_cast<char*>(&size), sizeof size)) return false;
    message.resize(size);
    return receive_bytes(fd, message.data(), size);
}

}  // namespace hocket
