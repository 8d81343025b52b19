// SPDX-License-Identifier: MIT
// openat2, and what stands in for it.
#include <hocket/os/open_beneath_internal.h>

#include <hocket/io/file_calls_internal.h>
#include <hocket/os/temporary_internal.h>

#include <cerrno>
#include <string_view>

namespace hocket::fs {

namespace {

#ifdef RESOLVE_CACHED
constexpr unsigned resolve_cached = RESOLVE_CACHED;
#else
constexpr unsigned resolve_cached = 0x20;  // Linux 5.12; older kernels answer EINVAL
#endif

int open_resolved(int folder, const char* path, int flags, unsigned resolve) noexcept {
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.resolve = resolve;
    for (;;) {
        const int fd = sys::openat2(folder, path, how);
        if (fd >= 0) return fd;
        if (errno != EINTR) return -errno;
    }
}

// What is not at hand, or cannot be looked for in that way.
bool means_not_at_hand(int error) noexcept { return error == ENOSYS || error == EPERM || error == EINVAL; }

int open_plainly(int folder, const char* path, int flags) noexcept {
    for (;;) {
        const int fd = sys::openat(folder, path, flags | O_CLOEXEC);
        if (fd >= 0) return fd;
        if (errno != EINTR) return -errno;
    }
}

// One name after the other, none of them a link.
int open_by_steps(int folder, std::string_view path, int flags) noexcept {
    ScopedDescriptor here(-1);
    for (;;) {
        const std::size_t slash = path.find('/');
        const std::string name(path.substr(0, slash));
        if (name.empty() || name == "..") return -EXDEV;
        const int from = here.fd < 0 ? folder : here.fd;
        const bool is_last = slash == std::string_view::npos;
        const int fd = open_plainly(from, name.c_str(), (is_last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW);
        if (is_last || fd < 0) return fd;
        const ScopedDescriptor before(here.release());
        here.fd = fd;
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

int open_beneath(int folder, const std::string& path, int flags, Looking looking) noexcept {
    const bool at_hand = looking == Looking::at_hand;
    const int fd = open_resolved(folder, path.c_str(), flags,
                                 RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (at_hand ? resolve_cached : 0));
    if (at_hand) return means_not_at_hand(-fd) ? -EAGAIN : fd;
    // EAGAIN: a rename meanwhile has made the kernel uncertain whether it has left the folder.
    return fd == -ENOSYS || fd == -EPERM || fd == -EAGAIN ? open_by_steps(folder, path, flags) : fd;
}

int open_anywhere(const std::string& path, int flags, Looking looking) noexcept {
    if (looking == Looking::anywhere) return open_plainly(AT_FDCWD, path.c_str(), flags);
    const int fd = open_resolved(AT_FDCWD, path.c_str(), flags, resolve_cached);
    return means_not_at_hand(-fd) ? -EAGAIN : fd;
}

}  // namespace hocket::fs
