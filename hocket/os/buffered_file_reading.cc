// SPDX-License-Identifier: MIT
// Reading ahead: what the kernel has at hand, or what a device or a writer brings, and what of it is text.
#include <hocket/os/buffered_file_internal.h>

#include <hocket/base/unicode_error.h>
#include <hocket/base/utf_8_internal.h>
#include <hocket/io/file_calls_internal.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace hocket::fs {

namespace {

// A read says that a FIFO has ended to which nobody has written yet, and of somebody's descriptor who does not want to wait that there is
// nothing: so a stream is waited for first.
ssize_t read_waiting(int fd, char* to, std::size_t size, bool is_stream) noexcept {
    for (;;) {
        pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
        if (is_stream) again_if_interrupted([&] { return sys::poll(ready, -1); });
        const ssize_t n = again_if_interrupted([&] { return sys::read(fd, to, size); });
        if (n >= 0 || errno != EAGAIN) return n;
        is_stream = true;
    }
}

// Only what is in memory already.
ssize_t read_at_once(int fd, char* to, std::size_t size) noexcept {
    const iovec piece{.iov_base = to, .iov_len = size};
    return sys::preadv2(fd, &piece, 1, -1, RWF_NOWAIT);
}

}  // namespace

void BufferedFile::drop_taken() noexcept {
    in_.erase(0, taken_);
    sound_ -= std::exchange(taken_, 0);
}

// As much as is missing, but a buffer's worth at least, and no more than there may be.
BufferedFile::Room BufferedFile::room_for(const Wanted& wanted) {
    const std::size_t least = most_unwritten_;
    const std::size_t missing = wanted.line ? least : wanted.left;
    std::int64_t size = std::exchange(size_at_opening_, -1), position = 0;
    if (size < 0) {
        struct statx status{};
        if (kind_ != Kind::file || status_at_hand(fd_, STATX_SIZE, status) < 0) return {least};
        size = static_cast<std::int64_t>(status.stx_size);
        position = sys::lseek(fd_, 0, SEEK_CUR);
    }
    if (size == 0 || position < 0) return {least};                     // of the kernel's own files the size is not told
    if (position >= size) return {std::min<std::size_t>(least, 512)};  // only to see the end
    const auto rest = static_cast<std::size_t>(size - position);
    return {std::clamp(missing, std::min(least, rest + 1), rest + 1), rest};
}

// Linux 5.9 and 5.10 say 0 of what is not in memory, too (preadv2, man 2).
bool BufferedFile::is_at_end() const noexcept {
    struct statx status{};
    return kind_ == Kind::file && status_at_hand(fd_, STATX_SIZE, status) == 0 && status.stx_size > 0 &&
           sys::lseek(fd_, 0, SEEK_CUR) >= static_cast<off_t>(status.stx_size);
}

bool BufferedFile::fill(Wanted& wanted, bool may_wait, std::size_t budget) {
    if (may_wait && served_ == Served::unknown) served_ = learn_served(fd_, device_);
    if (unwritten() > 0) {
        if (!may_wait) return false;
        flush();
    }
    while (!found(wanted) && !broken_) {
        const Room room = room_for(wanted);
        if (room.size > budget) return false;
        const std::int64_t before = brought_;
        switch (read_more(room.size, may_wait)) {
            case More::ended: return true;
            case More::would_wait: return false;
            case More::came: break;
        }
        // There was room for more, and all came that the file has: what is not whole then is for the next read to judge.
        const auto came = static_cast<std::size_t>(brought_ - before);
        if (came == room.rest && came < room.size && sound_ == in_.size()) return true;
        budget -= may_wait ? 0 : room.size;
    }
    return true;
}

void BufferedFile::bring_some() { read_more(chunk, true); }

BufferedFile::More BufferedFile::read_more(std::size_t room, bool may_wait) {
    ended_ = false;
    drop_taken();
    const std::size_t before = in_.size();
    in_.resize(before + room);
    const ssize_t n = may_wait ? read_waiting(fd_, in_.data() + before, room, is_stream())
                               : read_at_once(fd_, in_.data() + before, room);
    const int error = errno;
    in_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (!may_wait && (n < 0 || (n == 0 && !is_at_end()))) return More::would_wait;
    errno = error;
    if (n < 0) fail("read from");
    brought_ += n;
    ended_ = n == 0;
    check_what_came();
    return ended_ ? More::ended : More::came;
}

void BufferedFile::check_what_came() {
    if (!form_.text) {
        sound_ = in_.size();
        return;
    }
    sound_ += utf_8_prefix(std::string_view(in_).substr(sound_));
    if (form_.errors != Errors::strict) {
        // What only the end has cut off is a mistake, too.
        const std::size_t tail = ended_ ? in_.size() : in_.size() - std::min<std::size_t>(in_.size() - sound_, 3);
        sound_ = std::max(sound_, tail);
        while (sound_ < in_.size() && !utf_8_cut_off(std::string_view(in_).substr(sound_))) ++sound_;
    }
    broken_ = sound_ < in_.size() && !utf_8_cut_off(std::string_view(in_).substr(sound_));
}

void BufferedFile::fail_to_decode() const {
    const off_t position = sys::lseek(fd_, 0, SEEK_CUR);
    const std::int64_t end = position >= 0 ? position : brought_;
    const std::int64_t offset = end - static_cast<std::int64_t>(in_.size() - sound_);
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(in_[sound_]);
    std::string text = "read from " + name_ + ": no UTF-8 at byte " + std::to_string(offset) + ": ";
    text.append("0x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    if (!broken_) text += ", where the file ends within a character";
    throw UnicodeDecodeError(text, offset);
}

std::string BufferedFile::cut(std::size_t n) {
    std::string bytes;
    if (taken_ == 0 && n == in_.size()) {
        bytes.swap(in_);
        sound_ = 0;
        return bytes;
    }
    bytes.assign(in_, taken_, n);
    taken_ += n;
    if (taken_ == in_.size()) drop_taken();
    return bytes;
}

std::string BufferedFile::take(Wanted wanted) {
    if (!found(wanted)) {
        if (sound_ < in_.size()) fail_to_decode();
        wanted.at = unread().size();
    }
    return as_read(cut(wanted.at), form_);
}

std::size_t BufferedFile::take_into(char* to, std::size_t size) {
    const std::size_t n = std::min(size, unread().size());
    std::ranges::copy(unread().substr(0, n), to);
    taken_ += n;
    if (taken_ == in_.size()) drop_taken();
    return n;
}

}  // namespace hocket::fs
