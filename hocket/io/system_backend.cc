// SPDX-License-Identifier: MIT
// Clock, entropy, control calls and the wake of the backends on the real system.
#include <hocket/base/broken_pipe_internal.h>
#include <hocket/base/errors.h>
#include <hocket/io/spawn_internal.h>
#include <hocket/io/system_backend.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>

namespace hocket {

namespace {

constexpr std::size_t longest_transfer = 0x7ffff000;  // man 2: so that the result is an int

int result_of(int returned) noexcept { return returned < 0 ? -errno : returned; }

std::int64_t read_clock(clockid_t clock) noexcept {
    timespec t{};
    clock_gettime(clock, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

std::size_t page_size() noexcept { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

SystemBackend::SystemBackend() {
    wake_descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_descriptor_ < 0) throw OSError(errno, "eventfd");
    void* page = mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        const int error = errno;
        ::close(wake_descriptor_);
        throw OSError(error, "mmap");
    }
    madvise(page, page_size(), MADV_WIPEONFORK);
    created_here_ = mark_ = static_cast<volatile unsigned char*>(page);
    *mark_ = 1;
}

SystemBackend::~SystemBackend() {
    munmap(const_cast<unsigned char*>(mark_), page_size());
    ::close(wake_descriptor_);
}

void SystemBackend::renew_after_fork() noexcept {
    ::close(wake_descriptor_);
    wake_descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_descriptor_ < 0) std::abort();  // a backend that cannot be woken would hang its loop without a word
    ++forks_;
    untold_fork_ = true;
    *mark_ = 1;  // `wake_` stays: a wake that came since the fork is for the poll that calls this
}

std::int64_t SystemBackend::now() noexcept { return read_clock(CLOCK_MONOTONIC); }
std::int64_t SystemBackend::wall_time() noexcept { return read_clock(CLOCK_REALTIME); }

std::uint64_t SystemBackend::entropy() noexcept {
    std::uint64_t bits = 0;
    while (getrandom(&bits, sizeof bits, 0) != sizeof bits) {
        if (errno != EINTR) std::abort();  // nothing else may stand in for it
    }
    return bits;
}

void SystemBackend::wake() noexcept {
    const Wake before = wake_.exchange(Wake::asked, std::memory_order_acq_rel);
    if (before == Wake::asleep || (before == Wake::none && watched_.load(std::memory_order_relaxed))) {
        const int saved = errno;  // the code that a signal handler interrupted may be about to look at it
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(wake_descriptor_, &one, sizeof one);
        errno = saved;
    }
}

int SystemBackend::socket(int domain, int type, int protocol) noexcept {
    return result_of(::socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}
int SystemBackend::bind(int fd, const sockaddr* address, unsigned size) noexcept {
    return result_of(::bind(fd, address, size));
}
int SystemBackend::listen(int fd, int backlog) noexcept { return result_of(::listen(fd, backlog)); }
int SystemBackend::accept(int fd, sockaddr* address, unsigned* size) noexcept {
    int result = 0;
    do {
        result = ::accept4(fd, address, size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    } while (result < 0 && errno == EINTR);
    return result_of(result);
}
int SystemBackend::getsockname(int fd, sockaddr* address, unsigned* size) noexcept {
    return result_of(::getsockname(fd, address, size));
}
int SystemBackend::getpeername(int fd, sockaddr* address, unsigned* size) noexcept {
    return result_of(::getpeername(fd, address, size));
}
int SystemBackend::setsockopt(int fd, int level, int option, const void* value, unsigned size) noexcept {
    return result_of(::setsockopt(fd, level, option, value, size));
}
int SystemBackend::getsockopt(int fd, int level, int option, void* value, unsigned* size) noexcept {
    return result_of(::getsockopt(fd, level, option, value, size));
}
int SystemBackend::shutdown(int fd, int how) noexcept { return result_of(::shutdown(fd, how)); }
int SystemBackend::send_at_once(int, const void*, std::size_t) noexcept { return -EAGAIN; }

int SystemBackend::sendmsg(int fd, const msghdr* message) noexcept {
    return result_of(static_cast<int>(::sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL)));
}
int SystemBackend::readable(int fd) noexcept {
    pollfd asked{.fd = fd, .events = POLLIN | POLLRDHUP, .revents = 0};
    return result_of(::poll(&asked, 1, 0));
}
int SystemBackend::read(int fd, void* data, std::size_t size) noexcept {
    return result_of(static_cast<int>(::read(fd, data, std::min(size, longest_transfer))));
}

int SystemBackend::sendfile(int to, int from, std::int64_t offset, std::size_t count) noexcept {
    const WithoutBrokenPipeSignal quiet;
    off_t position = offset;
    const std::size_t most = std::min(count, longest_transfer);
    const ssize_t n = ::sendfile(to, from, &position, most);
    quiet.take(n, most);
    return result_of(static_cast<int>(n));
}

int SystemBackend::close(int fd) noexcept {
    const int result = result_of(::close(fd));
    return result == -EINTR ? 0 : result;  // Linux has closed it all the same
}

int SystemBackend::adopt(int fd) noexcept {
    struct stat status{};
    if (fstat(fd, &status) < 0) return -errno;
    const int type = static_cast<int>(status.st_mode & S_IFMT);
    if (type != S_IFIFO && type != S_IFSOCK && type != S_IFCHR) return type;
    const int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : type;
}

int SystemBackend::spawn(Spawn& child) noexcept { return spawn_process(child); }

int SystemBackend::wait_for_child(int pidfd, int& returncode) noexcept {
    siginfo_t info{};
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG) < 0) {
        if (errno != EINTR) return -errno;
    }
    if (info.si_pid == 0) return -EAGAIN;
    returncode = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    return 0;
}

int SystemBackend::pidfd_send_signal(int pidfd, int signal_number) noexcept {
    return result_of(static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal_number, nullptr, 0)));
}

bool SystemBackend::is_quiet_write(const Operation& op) noexcept {
    return op.code == Opcode::write && (op.flags & MSG_NOSIGNAL) != 0;
}

int SystemBackend::write_quietly(const Operation& op) noexcept {
    const WithoutBrokenPipeSignal quiet;
    ssize_t n = 0;
    do {
        n = ::write(op.fd, op.data, op.size);
    } while (n < 0 && errno == EINTR);
    quiet.take(n, op.size);
    return result_of(static_cast<int>(n));
}

}  // namespace hocket
