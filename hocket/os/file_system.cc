// SPDX-License-Identifier: MIT
// The system's calls by a file's name, each in a job.
#include <hocket/os/file_system.h>

#include <hocket/base/broken_pipe_internal.h>
#include <hocket/base/utf_8_internal.h>
#include <hocket/core/sleep.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/os/buffered_file_internal.h>
#include <hocket/os/executor.h>
#include <hocket/os/file_system_internal.h>
#include <hocket/os/temporary_internal.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

namespace hocket::fs {

namespace {

void check(int result, const std::string& attempted) {
    if (result < 0) throw OSError(errno, attempted);
}

using Status = struct stat;

Status status_of(const std::string& path, const char* attempted) {
    Status status{};
    check(sys::stat(path.c_str(), &status), attempted + (" " + path));
    return status;
}

/// Of a name that may be none.
template <int (*Call)(const char*, Status*)>
std::optional<Status> status_if_any(const std::string& path) {
    Status status{};
    if (has_null(path) || Call(path.c_str(), &status) < 0) return std::nullopt;
    return status;
}

Duration since_1970(const timespec& t) {
    return std::chrono::nanoseconds(std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec);
}

StatResult result_of(const Status& s) {
    return {.mode = s.st_mode,
            .ino = s.st_ino,
            .dev = s.st_dev,
            .rdev = s.st_rdev,
            .nlink = s.st_nlink,
            .uid = s.st_uid,
            .gid = s.st_gid,
            .size = static_cast<std::uint64_t>(s.st_size),
            .blksize = static_cast<std::uint64_t>(s.st_blksize),
            .blocks = static_cast<std::uint64_t>(s.st_blocks),
            .atime = since_1970(s.st_atim),
            .mtime = since_1970(s.st_mtim),
            .ctime = since_1970(s.st_ctim)};
}

}  // namespace

bool has_null(const std::string& path) noexcept { return path.find('\0') != std::string::npos; }

void check_name(const std::string& path, const char* attempted) {
    if (has_null(path)) throw ValueError(attempted + std::string(": a null character in the name of a file"));
}

// ---- Whole files

namespace {

Coro<std::string> read_whole(std::string path, const char* how) {
    OpenMode mode = parse_mode(path, how);
    Shared<BufferedFile> file = BufferedFile::open_at_once(path, mode, {});
    Wanted all;
    if (file && file->bring_at_once(all)) {
        co_await hocket::sleep(0);  // the others have a turn
        co_return file->take(all);
    }
    co_return co_await run_in_executor(
        [file = std::move(file), path = std::move(path), mode = std::move(mode)]() mutable {
            if (!file) file = Shared<BufferedFile>::make(std::move(path), std::move(mode));
            file->bring({});
            return file->take({});
        });
}

Coro<> write_whole(std::string path, std::string data, const char* how) {
    OpenMode mode = parse_mode(path, how);
    co_await run_in_executor([path = std::move(path), mode = std::move(mode), data = std::move(data)]() mutable {
        BufferedFile file(std::move(path), std::move(mode));
        file.append(std::move(data));
        file.close();
    });
}

}  // namespace

HOCKET_CORO_WRAPPER Coro<std::string> read_bytes(std::string path) { return read_whole(std::move(path), "rb"); }

HOCKET_CORO_WRAPPER Coro<std::string> read_text(std::string path) { return read_whole(std::move(path), "r"); }

Coro<std::size_t> write_bytes(std::string path, std::string data) {
    const std::size_t size = data.size();
    co_await write_whole(std::move(path), std::move(data), "wb");
    co_return size;
}

Coro<std::size_t> write_text(std::string path, std::string data) {
    check_text(path, data);
    const std::size_t characters = utf_8_characters(data);
    co_await write_whole(std::move(path), std::move(data), "wb");
    co_return characters;
}

// ---- What is known of a file

Coro<StatResult> stat(std::string path) {
    check_name(path, "stat");
    co_return co_await run_in_executor([path = std::move(path)] { return result_of(status_of(path, "stat")); });
}

Coro<StatResult> lstat(std::string path) {
    check_name(path, "lstat");
    co_return co_await run_in_executor([path = std::move(path)] {
        Status status{};
        check(sys::lstat(path.c_str(), &status), "lstat " + path);
        return result_of(status);
    });
}

Coro<StatvfsResult> statvfs(std::string path) {
    check_name(path, "statvfs");
    co_return co_await run_in_executor([path = std::move(path)] {
        struct ::statvfs s{};
        check(sys::statvfs(path.c_str(), &s), "statvfs " + path);
        return StatvfsResult{.bsize = s.f_bsize,
                             .frsize = s.f_frsize,
                             .blocks = s.f_blocks,
                             .bfree = s.f_bfree,
                             .bavail = s.f_bavail,
                             .files = s.f_files,
                             .ffree = s.f_ffree,
                             .favail = s.f_favail,
                             .flag = s.f_flag,
                             .namemax = s.f_namemax};
    });
}

Coro<bool> access(std::string path, int mode) {
    co_return co_await run_in_executor(
        [path = std::move(path), mode] { return !has_null(path) && sys::access(path.c_str(), mode) == 0; });
}

Coro<bool> exists(std::string path) {
    co_return co_await run_in_executor([path = std::move(path)] { return status_if_any<sys::stat>(path).has_value(); });
}

Coro<bool> lexists(std::string path) {
    co_return co_await run_in_executor(
        [path = std::move(path)] { return status_if_any<sys::lstat>(path).has_value(); });
}

Coro<bool> isfile(std::string path) {
    co_return co_await run_in_executor([path = std::move(path)] {
        const auto status = status_if_any<sys::stat>(path);
        return status && S_ISREG(status->st_mode);
    });
}

Coro<bool> isdir(std::string path) {
    co_return co_await run_in_executor([path = std::move(path)] {
        const auto status = status_if_any<sys::stat>(path);
        return status && S_ISDIR(status->st_mode);
    });
}

Coro<bool> islink(std::string path) {
    co_return co_await run_in_executor([path = std::move(path)] {
        const auto status = status_if_any<sys::lstat>(path);
        return status && S_ISLNK(status->st_mode);
    });
}

// Its device is another than that of the folder around it, or there is none around it.
Coro<bool> ismount(std::string path) {
    co_return co_await run_in_executor([path = std::move(path)] {
        const auto here = status_if_any<sys::lstat>(path), above = status_if_any<sys::lstat>(path + "/..");
        if (!here || !above || S_ISLNK(here->st_mode)) return false;
        return here->st_dev != above->st_dev || here->st_ino == above->st_ino;
    });
}

Coro<std::uint64_t> getsize(std::string path) {
    check_name(path, "take the size of");
    co_return co_await run_in_executor(
        [path = std::move(path)] { return static_cast<std::uint64_t>(status_of(path, "take the size of").st_size); });
}

namespace {

Coro<Duration> time_of(std::string path, timespec Status::* which) {
    check_name(path, "take the time of");
    co_return co_await run_in_executor(
        [path = std::move(path), which] { return since_1970(status_of(path, "take the time of").*which); });
}

}  // namespace

HOCKET_CORO_WRAPPER Coro<Duration> getatime(std::string path) { return time_of(std::move(path), &Status::st_atim); }

HOCKET_CORO_WRAPPER Coro<Duration> getmtime(std::string path) { return time_of(std::move(path), &Status::st_mtim); }

HOCKET_CORO_WRAPPER Coro<Duration> getctime(std::string path) { return time_of(std::move(path), &Status::st_ctim); }

Coro<bool> samefile(std::string path, std::string other) {
    check_name(path, "stat");
    check_name(other, "stat");
    co_return co_await run_in_executor([path = std::move(path), other = std::move(other)] {
        const Status a = status_of(path, "stat"), b = status_of(other, "stat");
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    });
}

namespace {

// What a job works with must be the same file however long it waits for its thread.
std::shared_ptr<ScopedDescriptor> kept(int descriptor, const char* attempted) {
    auto copy = std::make_shared<ScopedDescriptor>(sys::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
    check(copy->fd, attempted + (" descriptor " + std::to_string(descriptor)));
    return copy;
}

}  // namespace

Coro<bool> sameopenfile(int descriptor, int other) {
    co_return co_await run_in_executor([first = kept(descriptor, "stat"), second = kept(other, "stat")] {
        Status a{}, b{};
        check(sys::fstat(first->fd, &a), "stat a descriptor");
        check(sys::fstat(second->fd, &b), "stat a descriptor");
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    });
}

Coro<std::size_t> sendfile(int out, int in, std::optional<std::int64_t> offset, std::size_t count) {
    co_return co_await run_in_executor([to = kept(out, "send a file to"), from = kept(in, "send a file from"), offset,
                                        count, out, in] {
        off_t place = offset.value_or(0);
        const WithoutBrokenPipeSignal quiet;
        const ssize_t n =
            again_if_interrupted([&] { return sys::sendfile(to->fd, from->fd, offset ? &place : nullptr, count); });
        quiet.take(n, count);
        if (n < 0) {
            throw OSError(
                errno, "send a file from descriptor " + std::to_string(in) + " to descriptor " + std::to_string(out));
        }
        return static_cast<std::size_t>(n);
    });
}

Coro<std::string> abspath(std::string path) {
    co_return co_await run_in_executor([path = std::move(path)] { return absolute_path(path); });
}

Coro<std::string> getcwd() {
    co_return co_await run_in_executor([] {
        std::string path = sys::getcwd();
        if (path.empty()) throw OSError(errno, "find the current folder");
        return path;
    });
}

// ---- Names

Coro<> remove(std::string path) {
    check_name(path, "remove");
    co_await run_in_executor([path = std::move(path)] { check(sys::unlink(path.c_str()), "remove " + path); });
}

HOCKET_CORO_WRAPPER Coro<> unlink(std::string path) { return remove(std::move(path)); }

Coro<> rename(std::string from, std::string to) {
    check_name(from, "rename");
    check_name(to, "rename");
    co_await run_in_executor([from = std::move(from), to = std::move(to)] {
        check(sys::rename(from.c_str(), to.c_str()), "rename " + from + " to " + to);
    });
}

HOCKET_CORO_WRAPPER Coro<> replace(std::string from, std::string to) { return rename(std::move(from), std::move(to)); }

Coro<> link(std::string path, std::string other) {
    check_name(path, "link");
    check_name(other, "link");
    co_await run_in_executor([path = std::move(path), other = std::move(other)] {
        check(sys::link(path.c_str(), other.c_str()), "link " + path + " to " + other);
    });
}

Coro<> symlink(std::string target, std::string name) {
    check_name(target, "symlink");
    check_name(name, "symlink");
    co_await run_in_executor([target = std::move(target), name = std::move(name)] {
        check(sys::symlink(target.c_str(), name.c_str()), "make the symbolic link " + name + " to " + target);
    });
}

Coro<std::string> readlink(std::string path) {
    check_name(path, "read the link");
    co_return co_await run_in_executor([path = std::move(path)] {
        std::string target(PATH_MAX, '\0');  // no longer than that
        const ssize_t size = sys::readlink(path.c_str(), target.data(), target.size());
        if (size < 0) throw OSError(errno, "read the link " + path);
        target.resize(static_cast<std::size_t>(size));
        return target;
    });
}

}  // namespace hocket::fs
