// SPDX-License-Identifier: MIT
// The system's calls by a file's name, each in a job.
#include <hocket/os/file_system.h>

#include <hocket/os/buffered_file_internal.h>
#include <hocket/os/executor.h>

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace hocket::fs {

namespace {

void check(int result, const std::string& attempted) {
    if (result < 0) throw OSError(errno, attempted);
}

}  // namespace

Coro<std::string> read_bytes(std::string path) {
    OpenMode mode = parse_mode(path, "r");
    co_return co_await run_in_executor([path = std::move(path), mode = std::move(mode)]() mutable {
        BufferedFile file(std::move(path), std::move(mode));
        file.fill(BufferedFile::all);
        return file.take(BufferedFile::all);
    });
}

HOCKET_CORO_WRAPPER Coro<std::string> read_text(std::string path) { return read_bytes(std::move(path)); }

Coro<std::size_t> write_bytes(std::string path, std::string data) {
    OpenMode mode = parse_mode(path, "w");
    const std::size_t size = data.size();
    co_await run_in_executor([path = std::move(path), mode = std::move(mode), data = std::move(data)]() mutable {
        BufferedFile file(std::move(path), std::move(mode));
        file.append(std::move(data));
        file.close();
    });
    co_return size;
}

HOCKET_CORO_WRAPPER Coro<std::size_t> write_text(std::string path, std::string data) {
    return write_bytes(std::move(path), std::move(data));
}

Coro<> remove(std::string path) {
    co_await run_in_executor([path = std::move(path)] { check(::unlink(path.c_str()), "remove " + path); });
}

Coro<> rename(std::string from, std::string to) {
    co_await run_in_executor([from = std::move(from), to = std::move(to)] {
        check(::rename(from.c_str(), to.c_str()), "rename " + from + " to " + to);
    });
}

Coro<> mkdir(std::string path) {
    co_await run_in_executor(
        [path = std::move(path)] { check(::mkdir(path.c_str(), 0777), "make the folder " + path); });
}

Coro<bool> exists(std::string path) {
    co_return co_await run_in_executor([path = std::move(path)] {
        struct stat status{};
        return ::stat(path.c_str(), &status) == 0;
    });
}

Coro<std::uint64_t> getsize(std::string path) {
    co_return co_await run_in_executor([path = std::move(path)] {
        struct stat status{};
        check(::stat(path.c_str(), &status), "take the size of " + path);
        return static_cast<std::uint64_t>(status.st_size);
    });
}

}  // namespace hocket::fs
