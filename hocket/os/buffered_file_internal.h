// SPDX-License-Identifier: MIT
// A file with its buffers, for one thread at a time: the part of fs::File that blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::fs {

/// What a mode of Python's says.
struct OpenMode {
    std::string text;  // as it was given
    int flags = 0;     // of open (man 2)
    bool readable = false, writable = false;
};

/// Throws ValueError for a mode that is none, or a path with a null character.
OpenMode parse_mode(const std::string& path, std::string text);

/// What was read ahead stands in `unread`, what is to be written in `unwritten`: one of them is empty. Only the calls that say so may wait for
/// a device; those throw OSError.
class BufferedFile {
public:
    static constexpr std::size_t chunk = 64 << 10;
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

    /// Blocks.
    BufferedFile(std::string path, OpenMode mode);
    BufferedFile(const BufferedFile&) = delete;
    BufferedFile& operator=(const BufferedFile&) = delete;
    /// Writes and closes what is left open, and reports what cannot be written. Blocks.
    ~BufferedFile();

    const std::string& path() const noexcept { return path_; }
    const OpenMode& mode() const noexcept { return mode_; }
    int fd() const noexcept { return fd_; }

    std::string_view unread() const noexcept { return std::string_view(in_).substr(taken_); }
    /// The first `n` bytes that were read ahead, or all if there are fewer.
    std::string take(std::size_t n);
    /// Blocks until `n` bytes, or all up to the end, are unread.
    void fill(std::size_t n);
    /// Blocks until a newline is among them, or all up to the end are unread.
    void fill_line();

    std::size_t unwritten() const noexcept { return out_.size() + next_.size(); }
    /// Throws OSError when a place that was read ahead of cannot be gone back to.
    void append(std::string data);
    /// Writes what is unwritten; keeps what could not be written. Blocks.
    void flush();

    std::int64_t tell() const;
    void seek(std::int64_t offset, int whence);        // blocks
    void truncate(std::optional<std::uint64_t> size);  // blocks
    /// Blocks. The descriptor is closed even if this throws.
    void close();

private:
    [[noreturn]] void fail(const char* attempted) const;
    std::size_t room_for(std::size_t missing) const;
    bool read_more(std::size_t room);
    void write_out(std::string& data);
    void forget_read_ahead();

    std::string path_;
    OpenMode mode_;
    int fd_ = -1;
    std::string in_;  // read ahead; the first `taken_` bytes of it were taken
    std::size_t taken_ = 0;
    std::string out_;
    std::string next_;  // a large piece that comes after `out_`, not copied
};

}  // namespace hocket::fs
