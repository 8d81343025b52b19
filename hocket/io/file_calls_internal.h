// SPDX-License-Identifier: MIT
// The system's calls on files, through one door: they go to the operating system, or to what a simulation has in its place.
#pragma once

#include <hocket/base/config.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace hocket::sys {

using Status = struct ::stat;
using Statvfs = struct ::statvfs;
using Statx = struct ::statx;

/// One name of a folder, with the type that readdir (man 3) tells.
struct FolderItem {
    const char* name = nullptr;
    std::uint64_t inode = 0;
    unsigned char type = DT_UNKNOWN;
};

/// What stands for the system. Each function does what the call of its name does, and returns what that returns, or -errno.
class FileCalls {
public:
    struct Item {
        std::string name;
        std::uint64_t inode;
        unsigned char type;
    };

    virtual int openat(int folder, const char* path, int flags, mode_t mode) noexcept = 0;
    virtual int openat2(int folder, const char* path, const open_how& how) noexcept = 0;
    virtual int close(int fd) noexcept = 0;
    virtual int fcntl(int fd, int command, int argument) noexcept = 0;
    virtual int dup3(int fd, int to, int flags) noexcept = 0;
    virtual int mkostemps(char* pattern, int suffix, int flags) noexcept = 0;
    virtual int mkdtemp(char* pattern) noexcept = 0;
    virtual int memfd_create() noexcept = 0;

    virtual ssize_t read(int fd, void* to, std::size_t size) noexcept = 0;
    /// -EAGAIN: nothing is ever at hand.
    virtual ssize_t preadv2(int fd, const iovec* pieces, int count, off_t offset, int flags) noexcept = 0;
    virtual ssize_t write(int fd, const void* data, std::size_t size) noexcept = 0;
    virtual ssize_t sendfile(int to, int from, off_t* offset, std::size_t count) noexcept = 0;
    virtual off_t lseek(int fd, off_t offset, int whence) noexcept = 0;
    virtual int ftruncate(int fd, off_t size) noexcept = 0;
    virtual int fsync(int fd, bool only_data) noexcept = 0;
    virtual int poll(pollfd& asked) noexcept = 0;
    virtual int isatty(int fd) noexcept = 0;

    virtual int fstatat(int folder, const char* path, Status& status, int flags) noexcept = 0;
    virtual int statx(int folder, const char* path, int flags, unsigned mask, Statx& status) noexcept = 0;
    virtual int statvfs(const char* path, Statvfs& status) noexcept = 0;
    virtual int access(const char* path, int mode) noexcept = 0;
    virtual int unlinkat(int folder, const char* path, int flags) noexcept = 0;
    virtual int rename(const char* from, const char* to) noexcept = 0;
    virtual int link(const char* path, const char* other) noexcept = 0;
    virtual int symlink(const char* target, const char* path) noexcept = 0;
    virtual ssize_t readlink(const char* path, char* to, std::size_t size) noexcept = 0;
    virtual int mkdir(const char* path, mode_t mode) noexcept = 0;
    virtual int mknod(const char* path, mode_t mode) noexcept = 0;
    /// All names of a folder, with `.` and `..`.
    virtual int list(int fd, std::vector<Item>& items) noexcept = 0;
    virtual std::string getcwd() noexcept = 0;

    /// The process has ended, and what is left of it is only being destroyed: calls have no effect, and nobody wants to know.
    virtual bool ended() const noexcept = 0;

protected:
    ~FileCalls() = default;
};

/// Those in force on this thread; null: the operating system's.
HOCKET_EXPORT extern constinit thread_local FileCalls* file_calls [[gnu::tls_model("initial-exec")]];

/// While it lives, `calls` are in force on this thread.
class WithFileCalls {
public:
    explicit WithFileCalls(FileCalls* calls) noexcept : outer_(std::exchange(file_calls, calls)) {}
    WithFileCalls(const WithFileCalls&) = delete;
    WithFileCalls& operator=(const WithFileCalls&) = delete;
    ~WithFileCalls() { file_calls = outer_; }

private:
    FileCalls* outer_;
};

/// Whether the files are a simulation's.
inline bool simulated() noexcept { return file_calls != nullptr; }
inline bool process_has_ended() noexcept { return file_calls != nullptr && file_calls->ended(); }

// What follows has the contracts of the C functions of these names: -1, and errno.

namespace detail {
template <class R>
R told(R result) noexcept {
    if (result >= 0) return result;
    errno = static_cast<int>(-result);
    return -1;
}
}  // namespace detail

inline int open(const char* path, int flags, mode_t mode = 0) noexcept {
    return file_calls ? detail::told(file_calls->openat(AT_FDCWD, path, flags, mode)) : ::open(path, flags, mode);
}
inline int openat(int folder, const char* path, int flags) noexcept {
    return file_calls ? detail::told(file_calls->openat(folder, path, flags, 0)) : ::openat(folder, path, flags);
}
inline int openat2(int folder, const char* path, const open_how& how) noexcept {
    return file_calls ? detail::told(file_calls->openat2(folder, path, how))
                      : static_cast<int>(::syscall(SYS_openat2, folder, path, &how, sizeof how));
}
inline int close(int fd) noexcept { return file_calls ? detail::told(file_calls->close(fd)) : ::close(fd); }
inline int fcntl(int fd, int command, int argument = 0) noexcept {
    return file_calls ? detail::told(file_calls->fcntl(fd, command, argument)) : ::fcntl(fd, command, argument);
}
inline int dup3(int fd, int to, int flags) noexcept {
    return file_calls ? detail::told(file_calls->dup3(fd, to, flags)) : ::dup3(fd, to, flags);
}
inline int mkostemps(char* pattern, int suffix, int flags) noexcept {
    return file_calls ? detail::told(file_calls->mkostemps(pattern, suffix, flags))
                      : ::mkostemps(pattern, suffix, flags);
}
inline char* mkdtemp(char* pattern) noexcept {
    if (!file_calls) return ::mkdtemp(pattern);
    return detail::told(file_calls->mkdtemp(pattern)) < 0 ? nullptr : pattern;
}
inline int memfd_create(const char* name, unsigned flags) noexcept {
    return file_calls ? detail::told(file_calls->memfd_create()) : ::memfd_create(name, flags);
}

inline ssize_t read(int fd, void* to, std::size_t size) noexcept {
    return file_calls ? detail::told(file_calls->read(fd, to, size)) : ::read(fd, to, size);
}
inline ssize_t preadv2(int fd, const iovec* pieces, int count, off_t offset, int flags) noexcept {
    return file_calls ? detail::told(file_calls->preadv2(fd, pieces, count, offset, flags))
                      : ::preadv2(fd, pieces, count, offset, flags);
}
inline ssize_t write(int fd, const void* data, std::size_t size) noexcept {
    return file_calls ? detail::told(file_calls->write(fd, data, size)) : ::write(fd, data, size);
}
inline ssize_t sendfile(int to, int from, off_t* offset, std::size_t count) noexcept {
    return file_calls ? detail::told(file_calls->sendfile(to, from, offset, count))
                      : ::sendfile(to, from, offset, count);
}
inline off_t lseek(int fd, off_t offset, int whence) noexcept {
    return file_calls ? detail::told(file_calls->lseek(fd, offset, whence)) : ::lseek(fd, offset, whence);
}
inline int ftruncate(int fd, off_t size) noexcept {
    return file_calls ? detail::told(file_calls->ftruncate(fd, size)) : ::ftruncate(fd, size);
}
inline int fsync(int fd) noexcept { return file_calls ? detail::told(file_calls->fsync(fd, false)) : ::fsync(fd); }
inline int fdatasync(int fd) noexcept {
    return file_calls ? detail::told(file_calls->fsync(fd, true)) : ::fdatasync(fd);
}
/// Of one descriptor.
inline int poll(pollfd& asked, int timeout) noexcept {
    return file_calls ? detail::told(file_calls->poll(asked)) : ::poll(&asked, 1, timeout);
}
inline int isatty(int fd) noexcept {
    if (!file_calls) return ::isatty(fd);
    return detail::told(file_calls->isatty(fd)) == 1 ? 1 : 0;
}

inline int fstat(int fd, Status* status) noexcept {
    return file_calls ? detail::told(file_calls->fstatat(fd, "", *status, AT_EMPTY_PATH)) : ::fstat(fd, status);
}
inline int stat(const char* path, Status* status) noexcept {
    return file_calls ? detail::told(file_calls->fstatat(AT_FDCWD, path, *status, 0)) : ::stat(path, status);
}
inline int lstat(const char* path, Status* status) noexcept {
    return file_calls ? detail::told(file_calls->fstatat(AT_FDCWD, path, *status, AT_SYMLINK_NOFOLLOW))
                      : ::lstat(path, status);
}
inline int statx(int folder, const char* path, int flags, unsigned mask, Statx* status) noexcept {
    return file_calls ? detail::told(file_calls->statx(folder, path, flags, mask, *status))
                      : ::statx(folder, path, flags, mask, status);
}
inline int statvfs(const char* path, Statvfs* status) noexcept {
    return file_calls ? detail::told(file_calls->statvfs(path, *status)) : ::statvfs(path, status);
}
inline int access(const char* path, int mode) noexcept {
    return file_calls ? detail::told(file_calls->access(path, mode)) : ::access(path, mode);
}
inline int unlinkat(int folder, const char* path, int flags) noexcept {
    return file_calls ? detail::told(file_calls->unlinkat(folder, path, flags)) : ::unlinkat(folder, path, flags);
}
inline int unlink(const char* path) noexcept {
    return file_calls ? detail::told(file_calls->unlinkat(AT_FDCWD, path, 0)) : ::unlink(path);
}
inline int rmdir(const char* path) noexcept {
    return file_calls ? detail::told(file_calls->unlinkat(AT_FDCWD, path, AT_REMOVEDIR)) : ::rmdir(path);
}
inline int rename(const char* from, const char* to) noexcept {
    return file_calls ? detail::told(file_calls->rename(from, to)) : ::rename(from, to);
}
inline int link(const char* path, const char* other) noexcept {
    return file_calls ? detail::told(file_calls->link(path, other)) : ::link(path, other);
}
inline int symlink(const char* target, const char* path) noexcept {
    return file_calls ? detail::told(file_calls->symlink(target, path)) : ::symlink(target, path);
}
inline ssize_t readlink(const char* path, char* to, std::size_t size) noexcept {
    return file_calls ? detail::told(file_calls->readlink(path, to, size)) : ::readlink(path, to, size);
}
inline int mkdir(const char* path, mode_t mode) noexcept {
    return file_calls ? detail::told(file_calls->mkdir(path, mode)) : ::mkdir(path, mode);
}
/// Of a socket's name.
inline int mknod(const char* path, mode_t mode) noexcept {
    return file_calls ? detail::told(file_calls->mknod(path, mode)) : ::mknod(path, mode, 0);
}
/// Empty, and errno: there is none.
HOCKET_EXPORT std::string getcwd();

/// A folder that is being read (`opendir`, `fdopendir`). Closes it.
class HOCKET_EXPORT FolderReader {
public:
    /// Not open: errno says why.
    explicit FolderReader(const char* path) noexcept;
    /// Takes over the descriptor, if it is open then.
    explicit FolderReader(int fd) noexcept;
    FolderReader(const FolderReader&) = delete;
    FolderReader& operator=(const FolderReader&) = delete;
    ~FolderReader();

    bool is_open() const noexcept { return folder_ != nullptr || fd_ >= 0; }
    int fd() const noexcept { return folder_ ? ::dirfd(folder_) : fd_; }
    /// The next name, valid until the one after it, `.` and `..` among them. Null: errno says why, and is 0 at the end.
    const FolderItem* next() noexcept;

private:
    DIR* folder_ = nullptr;
    FolderItem item_;
    // A simulation's: all names at once.
    int fd_ = -1;
    std::vector<FileCalls::Item> items_;
    std::size_t next_ = 0;
};

}  // namespace hocket::sys
