// SPDX-License-Identifier: MIT
// A file's modes, its opening and closing, its positions, and what is written later.
#include <hocket/os/buffered_file_internal.h>

#include <hocket/base/broken_pipe_internal.h>
#include <hocket/base/report.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/os/temporary_internal.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace hocket::fs {

namespace {

// O_CREAT and its kin, for a letter; -1: no mode.
int creation_flags(char letter) noexcept {
    switch (letter) {
        case 'r': return 0;
        case 'w': return O_CREAT | O_TRUNC;
        case 'a': return O_CREAT | O_APPEND;
        case 'x': return O_CREAT | O_EXCL;
        default: return -1;
    }
}

void check_options(const std::string& path, const OpenMode& mode, const OpenOptions& options) {
    if (mode.binary && options.newline != Newline::translate)
        throw ValueError("open " + path + ": a binary file has no newlines");
    if (mode.binary && options.errors != Errors::strict)
        throw ValueError("open " + path + ": a binary file has no errors of text");
    if (options.buffering < -1)
        throw ValueError("open " + path + ": a buffer of " + std::to_string(options.buffering) + " bytes");
}

}  // namespace

OpenMode parse_mode(const std::string& path, std::string text, const OpenOptions& options) {
    if (path.find('\0') != std::string::npos) throw ValueError("open: a null character in the name of a file");
    int kinds = 0, pluses = 0, binaries = 0, texts = 0, others = 0;
    char kind = 'r';
    for (const char c : text) {
        if (creation_flags(c) >= 0) {
            kind = c;
            ++kinds;
        } else {
            ++(c == '+' ? pluses : c == 'b' ? binaries : c == 't' ? texts : others);
        }
    }
    if (kinds != 1 || pluses > 1 || binaries + texts > 1 || others > 0) {
        throw ValueError("open " + path + ": no mode is \"" + text +
                         "\": it is one of r, w, a, x, and may have + and b");
    }
    const int access = pluses > 0 ? O_RDWR : kind == 'r' ? O_RDONLY : O_WRONLY;
    OpenMode mode{.text = std::move(text),
                  .flags = access | creation_flags(kind) | O_CLOEXEC,
                  .readable = access != O_WRONLY,
                  .writable = access != O_RDONLY,
                  .binary = binaries > 0};
    check_options(path, mode, options);
    return mode;
}

// ---- Opening and closing

BufferedFile::BufferedFile(std::string path, OpenMode mode, const OpenOptions& options)
    : name_(std::move(path)), mode_(std::move(mode)), options_(options) {
    fd_ = again_if_interrupted([&] { return sys::open(name_.c_str(), mode_.flags, 0666); });
    if (fd_ < 0) fail("open");
    ScopedDescriptor opened(fd_);
    examine(true);
    begin_at_end(fd_, mode_);
    served_ = learn_served(fd_, device_);
    opened.release();
}

BufferedFile::BufferedFile(std::string name, int fd, OpenMode mode, const OpenOptions& options, bool is_new)
    : name_(std::move(name)), mode_(std::move(mode)), options_(options), fd_(fd) {
    examine(is_new);
}

void BufferedFile::examine(bool is_new) {
    if (!mode_.binary) form_ = {.text = true, .newline = options_.newline, .errors = options_.errors};
    struct statx status{};
    const bool known = status_at_hand(fd_, STATX_TYPE | STATX_SIZE, status) == 0;
    const mode_t type = status.stx_mode;
    if (!known || S_ISDIR(type)) {
        if (known) errno = EISDIR;
        fail("open");
    }
    kind_ = S_ISREG(type) ? Kind::file : S_ISFIFO(type) || S_ISCHR(type) || S_ISSOCK(type) ? Kind::stream : Kind::other;
    device_ = device_of(status);
    served_ = served(device_);
    by_lines_ = options_.buffering == 1 || (options_.buffering < 0 && S_ISCHR(type) && sys::isatty(fd_) == 1);
    if (options_.buffering == 0) most_unwritten_ = 1;
    if (options_.buffering > 1) most_unwritten_ = static_cast<std::size_t>(options_.buffering);
    if (is_new && kind_ == Kind::file && !mode_.writable) size_at_opening_ = static_cast<std::int64_t>(status.stx_size);
}

void BufferedFile::begin_at_end(int fd, const OpenMode& mode) noexcept {
    if (mode.flags & O_APPEND) sys::lseek(fd, 0, SEEK_END);
}

#ifdef RESOLVE_CACHED

namespace {

// Looks up only names that the kernel has in memory, and makes nothing. Negative: it has not, or something else is in the way.
int open_cached(const std::string& path, int flags, unsigned resolve = 0) noexcept {
    open_how how{};
    how.flags = static_cast<unsigned>(flags);
    how.resolve = RESOLVE_CACHED | resolve;
    return sys::openat2(AT_FDCWD, path.c_str(), how);
}

}  // namespace

// Of the file system at the root, if the kernel serves that, nothing has to be known before: no mount is crossed on the way. A FIFO does not wait
// for its writer then, but its first read does. Elsewhere, what is no regular file is not opened here, since its opening may wait for
// somebody, or be noticed by somebody. Nor is anything opened to be written: that may make or empty a file, and overlayfs copies the whole file
// from a lower layer within open.
Shared<BufferedFile> BufferedFile::open_at_once(const std::string& path, const OpenMode& mode,
                                                const OpenOptions& options) {
    if (mode.writable) return nullptr;
    if (path.starts_with('/') && served_root() == Served::by_kernel) {
        if (auto file = of_cached(path, mode, options, RESOLVE_NO_XDEV)) {
            file->served_ = Served::by_kernel;
            return file;
        }
    }
    const ScopedDescriptor place(open_cached(path, O_PATH | O_CLOEXEC));
    struct statx status{};
    if (place.fd < 0 || status_at_hand(place.fd, STATX_TYPE, status) < 0 || !S_ISREG(status.stx_mode) ||
        served(device_of(status)) != Served::by_kernel) {
        return nullptr;
    }
    return of_cached(path, mode, options, 0);
}

Shared<BufferedFile> BufferedFile::of_cached(const std::string& path, const OpenMode& mode, const OpenOptions& options,
                                             unsigned resolve) {
    ScopedDescriptor opened(open_cached(path, mode.flags | O_NONBLOCK, resolve));
    if (opened.fd < 0) return nullptr;
    auto file = Shared<BufferedFile>::make(path, opened.fd, mode, options, true);
    opened.release();
    if (file->kind_ != Kind::file) sys::fcntl(file->fd_, F_SETFL, mode.flags);  // to a file it means nothing
    return file;
}

#else

Shared<BufferedFile> BufferedFile::open_at_once(const std::string&, const OpenMode&, const OpenOptions&) {
    return nullptr;
}

#endif

BufferedFile::~BufferedFile() {
    if (fd_ < 0 || sys::process_has_ended()) return;
    try {
        close();
    } catch (const std::exception& e) {
        report("a file that was not closed loses what was written: " + std::string(e.what()));
    }
}

void BufferedFile::fail(const char* attempted) const { throw OSError(errno, std::string(attempted) + " " + name_); }

void BufferedFile::close() {
    struct Closing {  // also when the flush throws
        BufferedFile& file;
        int closed = 0, removed = 0;
        void now() noexcept {
            if (file.fd_ < 0) return;
            if (file.remove_) removed = sys::unlink(file.name_.c_str()) < 0 ? errno : 0;
            const int fd = std::exchange(file.fd_, -1);
            if (file.options_.closefd) closed = sys::close(fd) < 0 ? errno : 0;
        }
        ~Closing() { now(); }
    } closing{*this};
    flush();
    closing.now();
    // Interrupted, it is closed all the same (man 2 close); removed by somebody else, it is gone.
    if (errno = closing.closed; errno != 0 && errno != EINTR) fail("close");
    if (errno = closing.removed; errno != 0 && errno != ENOENT) fail("remove");
}

// ---- Writing

// The system's position is where the next byte is to be read or written.
void BufferedFile::forget_read_ahead() {
    const std::size_t ahead = in_.size() - taken_;
    if (ahead > 0 && sys::lseek(fd_, -static_cast<off_t>(ahead), SEEK_CUR) < 0) fail("seek in");
    in_.clear();
    taken_ = sound_ = 0;
    broken_ = ended_ = false;
}

void BufferedFile::append(std::string data) {
    if (form_.text) {
        if (form_.errors == Errors::strict) check_text(name_, data);
        data = as_written(std::move(data), form_);
    }
    forget_read_ahead();
    dirty_ = dirty_ || !data.empty();
    line_ended_ = line_ended_ || (by_lines_ && data.find('\n') != std::string::npos);
    out_ += std::exchange(next_, {});
    if (out_.empty()) {
        out_ = std::move(data);
    } else if (data.size() < chunk) {
        out_ += data;
    } else {
        next_ = std::move(data);
    }
}

void BufferedFile::write_out(std::string& data) {
    std::optional<WithoutBrokenPipeSignal> quiet;
    if (kind_ != Kind::file) quiet.emplace();
    std::size_t written = 0;
    while (written < data.size()) {
        const ssize_t n =
            again_if_interrupted([&] { return sys::write(fd_, data.data() + written, data.size() - written); });
        if (quiet) quiet->take(n, data.size() - written);
        if (n < 0 && errno == EAGAIN) {  // a descriptor of somebody's who does not want to wait
            pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
            sys::poll(ready, -1);
        } else if (n < 0) {
            const int error = errno;
            data.erase(0, written);
            errno = error;
            fail("write to");
        } else {
            written += static_cast<std::size_t>(n);
        }
    }
    data.clear();
}

void BufferedFile::flush() {
    if (unwritten() == 0) return;
    try {
        write_out(out_);
        write_out(next_);
    } catch (...) {
        if (options_.buffering == 0) {  // who wrote has been told: nothing is kept to be tried again
            out_.clear();
            next_.clear();
        }
        throw;
    }
    line_ended_ = false;
    keep_in_memory_or_not();
}

void BufferedFile::sync(bool only_data) {
    flush();
    if (again_if_interrupted([&] { return only_data ? sys::fdatasync(fd_) : sys::fsync(fd_); }) < 0) fail("sync");
}

// ---- Positions

std::int64_t BufferedFile::tell() const {
    const off_t position = sys::lseek(fd_, 0, SEEK_CUR);
    if (position < 0) fail("tell the position in");
    return position - static_cast<std::int64_t>(in_.size() - taken_) + static_cast<std::int64_t>(unwritten());
}

void BufferedFile::seek(std::int64_t offset, int whence) {
    flush();
    forget_read_ahead();
    size_at_opening_ = -1;
    if (sys::lseek(fd_, offset, whence) < 0) fail("seek in");
}

void BufferedFile::truncate(std::optional<std::uint64_t> size) {
    flush();
    forget_read_ahead();
    dirty_ = true;
    const auto length = static_cast<off_t>(size ? *size : static_cast<std::uint64_t>(tell()));
    if (again_if_interrupted([&] { return sys::ftruncate(fd_, length); }) < 0) fail("truncate");
    keep_in_memory_or_not();
}

// ---- In memory, for a while

void BufferedFile::spool(std::size_t size, std::string folder) {
    spool_size_ = size;
    spool_folder_ = std::move(folder);
}

void BufferedFile::keep_in_memory_or_not() {
    struct stat status{};
    if (spool_size_ && sys::fstat(fd_, &status) == 0 && static_cast<std::size_t>(status.st_size) > *spool_size_)
        roll_over();
}

void BufferedFile::roll_over() {
    if (!spool_size_) return;
    flush();
    if (!spool_size_) return;  // by what was flushed
    const ScopedDescriptor on_disk(open_unnamed(spool_folder_));
    struct stat status{};
    if (sys::fstat(fd_, &status) < 0) fail("move to the disk");
    for (off_t copied = 0; copied < status.st_size;) {
        const ssize_t n = sys::sendfile(on_disk.fd, fd_, &copied, static_cast<std::size_t>(status.st_size - copied));
        if (n < 0 && errno != EINTR) fail("move to the disk");
        if (n == 0) break;
    }
    const off_t position = sys::lseek(fd_, 0, SEEK_CUR);
    if (sys::lseek(on_disk.fd, position, SEEK_SET) < 0) fail("move to the disk");
    if (sys::dup3(on_disk.fd, fd_, O_CLOEXEC) < 0) fail("move to the disk");
    spool_size_.reset();
    struct statx there{};
    if (status_at_hand(fd_, STATX_TYPE, there) < 0) fail("move to the disk");
    device_ = device_of(there);
    served_ = learn_served(fd_, device_);
}

}  // namespace hocket::fs
