// SPDX-License-Identifier: MIT
// Reading ahead and writing later, with the system's calls that block.
#include <hocket/os/buffered_file_internal.h>

#include <hocket/base/errors.h>
#include <hocket/base/report.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <utility>

namespace hocket::fs {

namespace {

template <class F>
auto again_if_interrupted(F call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

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

}  // namespace

OpenMode parse_mode(const std::string& path, std::string text) {
    if (path.find('\0') != std::string::npos) throw ValueError("open: a null character in the name of a file");
    int kinds = 0, pluses = 0, forms = 0, others = 0;
    char kind = 'r';
    for (const char c : text) {
        if (creation_flags(c) >= 0) {
            kind = c;
            ++kinds;
        } else {
            ++(c == '+' ? pluses : c == 'b' || c == 't' ? forms : others);
        }
    }
    if (kinds != 1 || pluses > 1 || forms > 1 || others > 0) {
        throw ValueError("open " + path + ": no mode is \"" + text +
                         "\": it is one of r, w, a, x, and may have + and b");
    }
    const int access = pluses > 0 ? O_RDWR : kind == 'r' ? O_RDONLY : O_WRONLY;
    return {.text = std::move(text),
            .flags = access | creation_flags(kind) | O_CLOEXEC,
            .readable = access != O_WRONLY,
            .writable = access != O_RDONLY};
}

BufferedFile::BufferedFile(std::string path, OpenMode mode) : path_(std::move(path)), mode_(std::move(mode)) {
    fd_ = again_if_interrupted([&] { return ::open(path_.c_str(), mode_.flags, 0666); });
    if (fd_ < 0) fail("open");
    struct stat status{};
    if (::fstat(fd_, &status) == 0 && S_ISDIR(status.st_mode)) {
        ::close(fd_);
        errno = EISDIR;
        fail("open");
    }
    if (mode_.flags & O_APPEND) ::lseek(fd_, 0, SEEK_END);  // for `tell`
}

BufferedFile::~BufferedFile() {
    if (fd_ < 0) return;
    try {
        close();
    } catch (const std::exception& e) {
        report("a file that was not closed loses what was written: " + std::string(e.what()));
    }
}

void BufferedFile::fail(const char* attempted) const { throw OSError(errno, std::string(attempted) + " " + path_); }

// ---- Reading

std::string BufferedFile::take(std::size_t n) {
    std::string bytes;
    if (taken_ == 0 && n >= in_.size()) {
        bytes.swap(in_);
    } else {
        bytes.assign(unread().substr(0, n));
        taken_ += bytes.size();
        if (taken_ == in_.size()) {
            in_.clear();
            taken_ = 0;
        }
    }
    return bytes;
}

// As much as is missing, but no more than there may be.
std::size_t BufferedFile::room_for(std::size_t missing) const {
    std::size_t rest = 0;
    struct stat status{};
    if (missing > chunk && ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode)) {
        const off_t position = ::lseek(fd_, 0, SEEK_CUR);
        if (position >= 0 && position < status.st_size) rest = static_cast<std::size_t>(status.st_size - position);
    }
    return std::clamp(missing, chunk, std::max(chunk, rest + 1));  // one more, to see the end
}

// False: the end.
bool BufferedFile::read_more(std::size_t room) {
    in_.erase(0, std::exchange(taken_, 0));
    const std::size_t before = in_.size();
    in_.resize(before + room);
    const ssize_t n = again_if_interrupted([&] { return ::read(fd_, in_.data() + before, room); });
    in_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0) fail("read from");
    return n > 0;
}

void BufferedFile::fill(std::size_t n) {
    flush();
    while (unread().size() < n && read_more(room_for(n - unread().size()))) {
    }
}

void BufferedFile::fill_line() {
    flush();
    for (std::size_t searched = 0; unread().find('\n', searched) == std::string_view::npos;) {
        searched = unread().size();
        if (!read_more(chunk)) return;
    }
}

// The system's position is where the next byte is to be read or written.
void BufferedFile::forget_read_ahead() {
    if (unread().empty()) return;
    if (::lseek(fd_, -static_cast<off_t>(unread().size()), SEEK_CUR) < 0) fail("seek in");
    in_.clear();
    taken_ = 0;
}

// ---- Writing

void BufferedFile::append(std::string data) {
    forget_read_ahead();
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
    std::size_t written = 0;
    while (written < data.size()) {
        const ssize_t n =
            again_if_interrupted([&] { return ::write(fd_, data.data() + written, data.size() - written); });
        if (n < 0) {
            const int error = errno;
            data.erase(0, written);
            errno = error;
            fail("write to");
        }
        written += static_cast<std::size_t>(n);
    }
    data.clear();
}

void BufferedFile::flush() {
    write_out(out_);
    write_out(next_);
}

// ---- Positions

std::int64_t BufferedFile::tell() const {
    const off_t position = ::lseek(fd_, 0, SEEK_CUR);
    if (position < 0) fail("tell the position in");
    return position - static_cast<std::int64_t>(unread().size()) + static_cast<std::int64_t>(unwritten());
}

void BufferedFile::seek(std::int64_t offset, int whence) {
    flush();
    forget_read_ahead();
    if (::lseek(fd_, offset, whence) < 0) fail("seek in");
}

void BufferedFile::truncate(std::optional<std::uint64_t> size) {
    flush();
    forget_read_ahead();
    const auto length = static_cast<off_t>(size ? *size : static_cast<std::uint64_t>(tell()));
    if (again_if_interrupted([&] { return ::ftruncate(fd_, length); }) < 0) fail("truncate");
}

void BufferedFile::close() {
    struct Closing {  // also when the flush throws
        BufferedFile& file;
        int result = 0;
        void now() noexcept {
            if (file.fd_ >= 0) result = ::close(std::exchange(file.fd_, -1));
        }
        ~Closing() { now(); }
    } closing{*this};
    flush();
    closing.now();
    // Interrupted, it is closed all the same (man 2 close).
    if (closing.result < 0 && errno != EINTR) fail("close");
}

}  // namespace hocket::fs
