// SPDX-License-Identifier: MIT
// The system's calls on files, as the program of a simulated host makes them.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/io/sim_files_internal.h>
#include <hocket/io/sim_kernel_internal.h>

#include <string>
#include <vector>

namespace hocket::sim {

/// Those of one host's programs, on its own files. Its current folder is `/`, its user may do everything.
class HOCKET_EXPORT SimFileCalls final : public sys::FileCalls {
public:
    explicit SimFileCalls(Kernel& kernel) noexcept : kernel_(kernel) {}

    /// A program begins.
    void begin() noexcept { ended_ = false; }
    /// It was killed, or its host has crashed: from here on, calls fail with EIO.
    void end() noexcept { ended_ = true; }
    bool ended() const noexcept override { return ended_ || !kernel_.up(); }

    int openat(int folder, const char* path, int flags, mode_t mode) noexcept override;
    int openat2(int folder, const char* path, const open_how& how) noexcept override;
    int close(int fd) noexcept override;
    int fcntl(int fd, int command, int argument) noexcept override;
    int dup3(int fd, int to, int flags) noexcept override;
    int mkostemps(char* pattern, int suffix, int flags) noexcept override;
    int mkdtemp(char* pattern) noexcept override;
    int memfd_create() noexcept override;

    ssize_t read(int fd, void* to, std::size_t size) noexcept override;
    ssize_t preadv2(int fd, const iovec* pieces, int count, off_t offset, int flags) noexcept override;
    ssize_t write(int fd, const void* data, std::size_t size) noexcept override;
    ssize_t sendfile(int to, int from, off_t* offset, std::size_t count) noexcept override;
    off_t lseek(int fd, off_t offset, int whence) noexcept override;
    int ftruncate(int fd, off_t size) noexcept override;
    int fsync(int fd, bool only_data) noexcept override;
    int poll(pollfd& asked) noexcept override;
    int isatty(int fd) noexcept override;

    int fstatat(int folder, const char* path, sys::Status& status, int flags) noexcept override;
    int statx(int folder, const char* path, int flags, unsigned mask, sys::Statx& status) noexcept override;
    int statvfs(const char* path, sys::Statvfs& status) noexcept override;
    int access(const char* path, int mode) noexcept override;
    int unlinkat(int folder, const char* path, int flags) noexcept override;
    int rename(const char* from, const char* to) noexcept override;
    int link(const char* path, const char* other) noexcept override;
    int symlink(const char* target, const char* path) noexcept override;
    ssize_t readlink(const char* path, char* to, std::size_t size) noexcept override;
    int mkdir(const char* path, mode_t mode) noexcept override;
    int mknod(const char* path, mode_t mode) noexcept override;
    int list(int fd, std::vector<Item>& items) noexcept override;
    std::string getcwd() noexcept override { return "/"; }

private:
    template <class F>
    int with_file(int fd, F f) noexcept;
    template <class F>
    int from(int folder, const char* path, F f) noexcept;
    int open(int folder, const char* path, int flags, mode_t mode, bool beneath) noexcept;
    FileSystem& files() const noexcept { return kernel_.files(); }

    Kernel& kernel_;
    bool ended_ = false;
};

}  // namespace hocket::sim
