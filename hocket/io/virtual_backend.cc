// SPDX-License-Identifier: MIT
// Virtual time: a clock that jumps, operations that are refused, and a sleep that only `wake` ends.
#include <hocket/io/virtual_backend.h>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>

namespace hocket {

namespace {

constexpr std::uint32_t nothing = 0;
constexpr std::uint32_t asleep = 1;
constexpr std::uint32_t asked = 2;

constexpr int refused = -EOPNOTSUPP;

}  // namespace

std::uint64_t VirtualBackend::entropy() noexcept {  // SplitMix64
    random_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

void VirtualBackend::submit(Operation& op) noexcept {
    ++pending_;
    finish(op, refused);
}

void VirtualBackend::cancel(Operation&) noexcept {}  // its result stands already

void VirtualBackend::poll(std::int64_t deadline) noexcept {
    be_calm();
    if (finished_.empty()) {
        if (deadline != forever) {
            if (wake_.load(std::memory_order_acquire) == nothing && deadline > now_) now_ = deadline;
        } else if (std::uint32_t expected = nothing; wake_.compare_exchange_strong(expected, asleep)) {
            while (wake_.load(std::memory_order_acquire) == asleep) {
                syscall(SYS_futex, &wake_, FUTEX_WAIT_PRIVATE, asleep, nullptr, nullptr, 0);
            }
        }
    }
    wake_.exchange(nothing, std::memory_order_acq_rel);
    complete_finished();
}

void VirtualBackend::wake() noexcept {
    if (wake_.exchange(asked, std::memory_order_acq_rel) == asleep) {
        const int saved = errno;
        syscall(SYS_futex, &wake_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
        errno = saved;
    }
}

int VirtualBackend::socket(int, int, int) noexcept { return refused; }
int VirtualBackend::bind(int, const sockaddr*, unsigned) noexcept { return refused; }
int VirtualBackend::listen(int, int) noexcept { return refused; }
int VirtualBackend::accept(int, sockaddr*, unsigned*) noexcept { return refused; }
int VirtualBackend::getsockname(int, sockaddr*, unsigned*) noexcept { return refused; }
int VirtualBackend::getpeername(int, sockaddr*, unsigned*) noexcept { return refused; }
int VirtualBackend::setsockopt(int, int, int, const void*, unsigned) noexcept { return refused; }
int VirtualBackend::getsockopt(int, int, int, void*, unsigned*) noexcept { return refused; }
int VirtualBackend::shutdown(int, int) noexcept { return refused; }
int VirtualBackend::sendmsg(int, const msghdr*) noexcept { return refused; }
int VirtualBackend::send_at_once(int, const void*, std::size_t) noexcept { return refused; }
int VirtualBackend::readable(int) noexcept { return refused; }
int VirtualBackend::read(int, void*, std::size_t) noexcept { return refused; }
int VirtualBackend::sendfile(int, int, std::int64_t, std::size_t) noexcept { return refused; }
int VirtualBackend::adopt(int) noexcept { return refused; }
int VirtualBackend::spawn(Spawn&) noexcept { return refused; }
int VirtualBackend::wait_for_child(int, int&) noexcept { return refused; }
int VirtualBackend::pidfd_send_signal(int, int) noexcept { return refused; }

int VirtualBackend::close(int fd) noexcept { return ::close(fd) < 0 && errno != EINTR ? -errno : 0; }

}  // namespace hocket
