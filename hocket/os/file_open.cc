// SPDX-License-Identifier: MIT
// How files are opened: at once where that holds nobody up, else by a thread, whose file is closed if nobody waits for it any more.
#include <hocket/os/file.h>

#include <hocket/core/sleep.h>
#include <hocket/flow/shield.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/os/buffered_file_internal.h>
#include <hocket/os/executor.h>
#include <hocket/os/temporary_internal.h>

#include <cstdio>
#include <memory>
#include <thread>

namespace hocket::fs {

namespace {

File standard_stream(const char* name, int fd, std::string mode, int buffering) {
    const OpenOptions options{.buffering = buffering, .closefd = false};
    OpenMode parsed = parse_mode(name, std::move(mode), options);
    BufferedFile::begin_at_end(fd, parsed);
    return File(Shared<BufferedFile>::make(name, fd, std::move(parsed), options));
}

bool is_regular(int fd) noexcept {
    struct statx status{};
    return status_at_hand(fd, STATX_TYPE, status) == 0 && S_ISREG(status.stx_mode);
}

// Takes the file that a job opened, if it did, and closes it: on the thread that this is.
void close_what_came(ConcurrentFuture<Shared<BufferedFile>> job) noexcept {
    Shared<BufferedFile> unwanted;
    try {
        unwanted = std::move(job).result();
    } catch (...) {
        unwanted = nullptr;  // it was not opened, and nobody wants to know why
    }
}

}  // namespace

Coro<Shared<BufferedFile>> opened_by_thread(Function<Shared<BufferedFile>()> opening) {
    auto job = default_executor().submit(std::move(opening));
    try {
        co_return co_await wrap_future(job);
    } catch (const CancelledError&) {
        if (job.cancel()) throw;
        job.add_done_callback([loop = std::this_thread::get_id()](ConcurrentFuture<Shared<BufferedFile>> ended) {
            if (std::this_thread::get_id() != loop) return close_what_came(std::move(ended));
            try {  // it had just been opened
                default_executor().submit(close_what_came, ended);
            } catch (const std::exception&) {  // there are no threads any more
                close_what_came(std::move(ended));
            }
        });
        throw;
    }
}

Coro<File> open(std::string path, std::string mode, OpenOptions options) {
    OpenMode parsed = parse_mode(path, std::move(mode), options);
    if (!options.closefd) throw ValueError("open " + path + ": closefd is for a descriptor");
    Shared<BufferedFile> opened = BufferedFile::open_at_once(path, parsed, options);
    if (opened) {
        co_await hocket::sleep(0);
    } else {
        opened = co_await opened_by_thread(
            [path, parsed, options] { return Shared<BufferedFile>::make(path, parsed, options); });
    }
    co_return File(std::move(opened));
}

Coro<File> open(int descriptor, std::string mode, OpenOptions options) {
    std::string name = "descriptor " + std::to_string(descriptor);
    OpenMode parsed = parse_mode(name, std::move(mode), options);
    if (parsed.flags & O_APPEND && is_regular(descriptor)) {
        // On a duplicate, since a cancel gives the descriptor back; that one shares its position, and a thread closes it all the same.
        auto same = std::make_shared<ScopedDescriptor>(sys::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
        co_await shield(
            run_in_executor([same = std::move(same), parsed] { BufferedFile::begin_at_end(same->fd, parsed); }));
    }
    co_return File(Shared<BufferedFile>::make(std::move(name), descriptor, std::move(parsed), options));
}

File standard_input(std::string mode) { return standard_stream("standard input", STDIN_FILENO, std::move(mode), -1); }

File standard_output(std::string mode) {
    return standard_stream("standard output", STDOUT_FILENO, std::move(mode), -1);
}

File standard_error(std::string mode) { return standard_stream("standard error", STDERR_FILENO, std::move(mode), 1); }

}  // namespace hocket::fs
