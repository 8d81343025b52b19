// SPDX-License-Identifier: MIT
// From the system's calls to the files of a simulated host: descriptors, names relative to folders, and what calls put together.
#include <hocket/io/sim_file_calls_internal.h>

#include <sys/sysmacros.h>
#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace hocket::sim {

// ---- Descriptors

template <class F>
int SimFileCalls::with_file(int fd, F f) noexcept {
    if (ended()) return -EIO;
    if (const Shared<OpenFile>* const file = kernel_.find_file(fd)) return f(Shared<OpenFile>(*file));
    return kernel_.find(fd) != nullptr ? -EINVAL : -EBADF;
}

/// Calls `f(start)` with the folder where the name begins.
template <class F>
int SimFileCalls::from(int folder, const char* path, F f) noexcept {
    if (ended()) return -EIO;
    if (folder == AT_FDCWD || *path == '/') return f(files().root());
    return with_file(
        folder, [&](const Shared<OpenFile>& file) { return file->inode->is_folder() ? f(file->inode) : -ENOTDIR; });
}

int SimFileCalls::open(int folder, const char* path, int flags, mode_t mode, bool beneath) noexcept {
    // A file of which the descriptor would be one too many is not made.
    if (const int result = ended() ? -EIO : kernel_.room_for_descriptor(); result < 0) return result;
    const auto at = [&](const Shared<Inode>& start) {
        Shared<OpenFile> opened;
        if (const int result = files().open(start, path, flags, mode, beneath, opened); result < 0) return result;
        return kernel_.install(std::move(opened));
    };
    // The same as `from`, but that an absolute name is looked at, and refused, beneath a folder.
    if (!beneath || folder == AT_FDCWD) return from(folder, path, at);
    return from(folder, "", at);
}

int SimFileCalls::openat(int folder, const char* path, int flags, mode_t mode) noexcept {
    return open(folder, path, flags, mode, false);
}

int SimFileCalls::openat2(int folder, const char* path, const open_how& how) noexcept {
    constexpr std::uint64_t at_hand = 0x20;  // RESOLVE_CACHED, which older headers lack
    if ((how.resolve & at_hand) != 0) return ended() ? -EIO : -EAGAIN;
    return open(folder, path, static_cast<int>(how.flags), static_cast<mode_t>(how.mode),
                (how.resolve & RESOLVE_BENEATH) != 0);
}

int SimFileCalls::close(int fd) noexcept { return ended() ? 0 : kernel_.close(fd); }

int SimFileCalls::fcntl(int fd, int command, int argument) noexcept {
    if (ended()) return -EIO;
    const Shared<OpenFile>* const file = kernel_.find_file(fd);
    if (file == nullptr && kernel_.find(fd) == nullptr) return -EBADF;
    switch (command) {
        case F_DUPFD:
        case F_DUPFD_CLOEXEC: return kernel_.duplicate(fd);
        case F_GETFD: return FD_CLOEXEC;
        case F_SETFD: return 0;
        case F_GETFL: return file != nullptr ? (*file)->flags & ~(O_CREAT | O_EXCL | O_TRUNC) : O_RDWR | O_NONBLOCK;
        case F_SETFL:
            if (file != nullptr) {
                constexpr int may_change = O_APPEND | O_NONBLOCK;
                (*file)->flags = ((*file)->flags & ~may_change) | (argument & may_change);
            }
            return 0;
        default: return -EINVAL;
    }
}

int SimFileCalls::dup3(int fd, int to, int) noexcept { return ended() ? -EIO : kernel_.duplicate_to(fd, to); }

int SimFileCalls::mkostemps(char* pattern, int suffix, int flags) noexcept {
    constexpr std::string_view place = "XXXXXX";
    const std::size_t size = std::strlen(pattern);
    const auto after = place.size() + static_cast<std::size_t>(suffix);
    if (size < after || std::string_view(pattern).substr(size - after, place.size()) != place) return -EINVAL;
    for (;;) {
        files().draw_letters().copy(pattern + size - after, place.size());
        const int fd = openat(AT_FDCWD, pattern, flags | O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd != -EEXIST) return fd;
    }
}

int SimFileCalls::mkdtemp(char* pattern) noexcept {
    constexpr std::string_view place = "XXXXXX";
    const std::size_t size = std::strlen(pattern);
    if (!std::string_view(pattern).ends_with(place)) return -EINVAL;
    for (;;) {
        files().draw_letters().copy(pattern + size - place.size(), place.size());
        const int made = mkdir(pattern, 0700);
        if (made != -EEXIST) return made;
    }
}

int SimFileCalls::memfd_create() noexcept {
    if (ended()) return -EIO;
    return kernel_.install(files().make_unnamed(O_RDWR, 0777));
}

// ---- What is open

ssize_t SimFileCalls::read(int fd, void* to, std::size_t size) noexcept {
    return with_file(fd, [&](const Shared<OpenFile>& file) {
        return static_cast<int>(files().read(*file, static_cast<char*>(to), size));
    });
}

ssize_t SimFileCalls::preadv2(int, const iovec*, int, off_t, int) noexcept { return ended() ? -EIO : -EAGAIN; }

ssize_t SimFileCalls::write(int fd, const void* data, std::size_t size) noexcept {
    return with_file(fd, [&](const Shared<OpenFile>& file) {
        return static_cast<int>(files().write(*file, static_cast<const char*>(data), size));
    });
}

ssize_t SimFileCalls::sendfile(int to, int from, off_t* offset, std::size_t count) noexcept {
    constexpr std::size_t most = 64 << 10;
    return with_file(from, [&](const Shared<OpenFile>& file) {
        std::string piece(std::min(count, most), '\0');
        const std::int64_t begin = offset != nullptr ? *offset : file->position;
        const std::int64_t n = files().read(*file, piece.data(), piece.size(), begin);
        if (n <= 0) return static_cast<int>(n);
        const Shared<Endpoint>* const endpoint = kernel_.find(to);
        const std::size_t size = static_cast<std::size_t>(n);
        const int sent = endpoint != nullptr ? Endpoint::send(Shared<Endpoint>(*endpoint), piece.data(), size)
                                             : static_cast<int>(write(to, piece.data(), size));
        if (sent > 0) (offset != nullptr ? *offset : file->position) = begin + sent;
        return sent;
    });
}

off_t SimFileCalls::lseek(int fd, off_t offset, int whence) noexcept {
    if (ended()) return -EIO;
    if (const Shared<OpenFile>* const file = kernel_.find_file(fd)) return files().seek(**file, offset, whence);
    return kernel_.find(fd) != nullptr ? -ESPIPE : -EBADF;
}

int SimFileCalls::ftruncate(int fd, off_t size) noexcept {
    return with_file(fd, [&](const Shared<OpenFile>& file) { return files().truncate(*file, size); });
}

int SimFileCalls::fsync(int fd, bool) noexcept {
    return with_file(fd, [&](const Shared<OpenFile>& file) { return files().sync(*file); });
}

// A job cannot wait for a socket: everybody else would wait for the job.
int SimFileCalls::poll(pollfd& asked) noexcept {
    return with_file(asked.fd, [&](const Shared<OpenFile>&) {
        asked.revents = static_cast<short>(asked.events & (POLLIN | POLLOUT));
        return 1;
    });
}

int SimFileCalls::isatty(int fd) noexcept {
    if (ended()) return -EIO;
    return kernel_.find_file(fd) != nullptr || kernel_.find(fd) != nullptr ? -ENOTTY : -EBADF;
}

int SimFileCalls::list(int fd, std::vector<Item>& items) noexcept {
    return with_file(fd, [&](const Shared<OpenFile>& file) { return files().list(*file, items); });
}

// ---- Names

int SimFileCalls::fstatat(int folder, const char* path, sys::Status& status, int flags) noexcept {
    if (*path == '\0' && (flags & AT_EMPTY_PATH) != 0) {
        if (!ended() && kernel_.find(folder) != nullptr) {
            status = {};
            status.st_mode = S_IFSOCK | 0777;
            return 0;
        }
        return with_file(folder, [&](const Shared<OpenFile>& file) {
            files().status_of(*file->inode, status);
            return 0;
        });
    }
    return from(folder, path, [&](const Shared<Inode>& start) {
        return files().status(start, path, (flags & AT_SYMLINK_NOFOLLOW) == 0, status);
    });
}

int SimFileCalls::statx(int folder, const char* path, int flags, unsigned, sys::Statx& status) noexcept {
    sys::Status known{};
    if (const int result = fstatat(folder, path, known, flags); result < 0) return result;
    const auto time_of = [](const timespec& t) {
        struct statx_timestamp time{};
        time.tv_sec = t.tv_sec;
        time.tv_nsec = static_cast<std::uint32_t>(t.tv_nsec);
        return time;
    };
    status = {};
    status.stx_mask = STATX_BASIC_STATS;
    status.stx_blksize = static_cast<std::uint32_t>(known.st_blksize);
    status.stx_nlink = static_cast<std::uint32_t>(known.st_nlink);
    status.stx_mode = static_cast<std::uint16_t>(known.st_mode);
    status.stx_ino = known.st_ino;
    status.stx_size = static_cast<std::uint64_t>(known.st_size);
    status.stx_blocks = static_cast<std::uint64_t>(known.st_blocks);
    status.stx_atime = time_of(known.st_atim);
    status.stx_mtime = time_of(known.st_mtim);
    status.stx_ctime = time_of(known.st_ctim);
    status.stx_rdev_major = major(known.st_rdev);
    status.stx_rdev_minor = minor(known.st_rdev);
    status.stx_dev_major = major(known.st_dev);
    status.stx_dev_minor = minor(known.st_dev);
    return 0;
}

int SimFileCalls::statvfs(const char* path, sys::Statvfs& status) noexcept {
    if (const int result = access(path, F_OK); result < 0) return result;
    files().status_of_all(status);
    return 0;
}

int SimFileCalls::access(const char* path, int mode) noexcept { return ended() ? -EIO : files().access(path, mode); }

int SimFileCalls::unlinkat(int folder, const char* path, int flags) noexcept {
    return from(folder, path,
                [&](const Shared<Inode>& start) { return files().remove(start, path, (flags & AT_REMOVEDIR) != 0); });
}

int SimFileCalls::rename(const char* old, const char* to) noexcept { return ended() ? -EIO : files().rename(old, to); }

int SimFileCalls::link(const char* path, const char* other) noexcept {
    return ended() ? -EIO : files().link(path, other);
}

int SimFileCalls::symlink(const char* target, const char* path) noexcept {
    return ended() ? -EIO : files().symlink(target, path);
}

ssize_t SimFileCalls::readlink(const char* path, char* to, std::size_t size) noexcept {
    return ended() ? -EIO : files().readlink(path, to, size);
}

int SimFileCalls::mkdir(const char* path, mode_t mode) noexcept { return ended() ? -EIO : files().mkdir(path, mode); }
int SimFileCalls::mknod(const char* path, mode_t mode) noexcept { return ended() ? -EIO : files().mknod(path, mode); }

}  // namespace hocket::sim
