// SPDX-License-Identifier: MIT
// Clock, entropy, control calls and the wake of the backends on the real system.
#include <hocket/base/errors.h>
#include <hocket/io/system_backend.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace hocket {

namespace {

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
    created_here_ = static_cast<volatile unsigned char*>(page);
    *created_here_ = 1;
}

SystemBackend::~SystemBackend() {
    munmap(const_cast<unsigned char*>(created_here_), page_size());
    ::close(wake_descriptor_);
}

void SystemBackend::renew_after_fork() noexcept {
    ::close(wake_descriptor_);
    wake_descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_descriptor_ < 0) std::abort();  // a backend that cannot be woken would hang its loop without a word
    wake_.store(Wake::none);
    *created_here_ = 1;
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
int SystemBackend::readable(int fd) noexcept {
    pollfd asked{.fd = fd, .events = POLLIN | POLLRDHUP, .revents = 0};
    return result_of(::poll(&asked, 1, 0));
}

int SystemBackend::close(int fd) noexcept {
    const int result = result_of(::close(fd));
    return result == -EINTR ? 0 : result;  // Linux has closed it all the same
}

}  // namespace hocket
