// SPDX-License-Identifier: MIT
// A file with its buffers, for one thread at a time: the part of fs::File that makes the system's calls.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/os/open_options.h>
#include <hocket/os/served_internal.h>
#include <hocket/os/text_internal.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::fs {

/// Repeats a system call that a signal interrupts.
template <class F>
auto again_if_interrupted(F call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

/// What a mode of Python's says.
struct OpenMode {
    std::string text;  // as it was given
    int flags = 0;     // of open (man 2)
    bool readable = false, writable = false, binary = false;
};

/// Throws ValueError for a mode that is none, a path with a null character, or options that the mode forbids.
OpenMode parse_mode(const std::string& path, std::string text, const OpenOptions& options = {});

/// What was read ahead stands in `unread`, what is to be written in `unwritten`: one of them is empty. Calls that may wait for a device say so;
/// those throw OSError.
class BufferedFile {
public:
    static constexpr std::size_t chunk = 64 << 10;

    /// Opens it. May wait.
    BufferedFile(std::string path, OpenMode mode, const OpenOptions& options = {});
    /// Takes over a descriptor, if this does not throw; or uses it, where `options.closefd` is false. `is_new`: it was just opened. One that appends
    /// was to `begin_at_end` before.
    BufferedFile(std::string name, int fd, OpenMode mode, const OpenOptions& options, bool is_new = false);
    BufferedFile(const BufferedFile&) = delete;
    BufferedFile& operator=(const BufferedFile&) = delete;
    /// Writes and closes what is left open, and reports what cannot be written. May wait.
    ~BufferedFile();

    /// The same as the first constructor, for a file that is only read and whose name the kernel has at hand, on a device that is known to be served
    /// by no others; null if that cannot be said without waiting, or fails.
    static Shared<BufferedFile> open_at_once(const std::string& path, const OpenMode& mode, const OpenOptions& options);

    /// Goes to the end of a file that is to be appended to, for `tell`. May wait: a server may be asked where that is.
    static void begin_at_end(int fd, const OpenMode& mode) noexcept;

    const std::string& name() const noexcept { return name_; }
    const OpenMode& mode() const noexcept { return mode_; }
    int fd() const noexcept { return fd_; }
    /// Whether a read waits for somebody who writes: a pipe, a terminal, a socket.
    bool is_stream() const noexcept { return kind_ == Kind::stream; }

    // ---- Reading

    /// What a read may take: of text, whole characters.
    std::string_view unread() const noexcept { return std::string_view(in_).substr(taken_, sound_ - taken_); }
    /// Goes on looking for its end in what is unread.
    bool found(Wanted& wanted) const noexcept {
        return find_end(wanted, unread(), form_, ended_ || sound_ < in_.size());
    }
    /// Waits until what is wanted is unread, or all up to the end, or up to what is no text.
    void bring(Wanted wanted) { fill(wanted, true, static_cast<std::size_t>(-1)); }
    /// The same, with what the kernel has at hand. False: more would have to be waited for, or is too much to be copied at once.
    bool bring_at_once(Wanted& wanted) { return !is_served_by_others() && fill(wanted, false, most_at_once); }
    /// One read of the system's. Waits.
    void bring_some();
    /// How many bytes all reads brought.
    std::int64_t brought() const noexcept { return brought_; }
    /// Whether the last read met the end, or what is no text stands in the way.
    bool has_no_more() const noexcept { return ended_ || broken_; }
    /// What was wanted and was brought, or all up to the end. Throws UnicodeDecodeError.
    std::string take(Wanted wanted);
    /// Throws that if not all that was brought is text.
    void check_that_all_is_text() const {
        if (sound_ < in_.size()) fail_to_decode();
    }
    /// The same as `take` of bytes, into memory of the caller's.
    std::size_t take_into(char* to, std::size_t size);

    // ---- Writing

    std::size_t unwritten() const noexcept { return out_.size() + next_.size(); }
    /// Whether so much has collected that it is to be written.
    bool is_full() const noexcept { return unwritten() >= most_unwritten_ || line_ended_; }
    /// Throws OSError when a place that was read ahead of cannot be gone back to, UnicodeEncodeError for what is no text.
    void append(std::string data);
    /// Writes what is unwritten; keeps what could not be written. May wait.
    void flush();
    /// The same, and waits for the device.
    void sync(bool only_data);

    // ---- Positions, the end

    /// Whether the descriptor's own position is the file's: nothing is read ahead or unwritten.
    bool is_in_step() const noexcept { return unwritten() == 0 && taken_ == in_.size(); }
    std::int64_t tell() const;
    void seek(std::int64_t offset, int whence);        // may wait
    void truncate(std::optional<std::uint64_t> size);  // may wait
    /// Whether `close` has to wait for anything.
    bool closes_slowly() const noexcept { return dirty_ || is_served_by_others(); }
    /// May wait. The descriptor is closed even if this throws.
    void close();
    /// The file is removed when it is closed.
    void remove_when_closed() noexcept { remove_ = dirty_ = true; }
    /// The file is in memory, and becomes one in `folder` when it has more than `size` bytes.
    void spool(std::size_t size, std::string folder);
    /// It becomes that now. May wait.
    void roll_over();

private:
    static constexpr std::size_t most_at_once = 256 << 10;
    enum class Kind : std::uint8_t { file, stream, other };
    enum class More : std::uint8_t { came, ended, would_wait };

    [[noreturn]] void fail(const char* attempted) const;
    [[noreturn]] void fail_to_decode() const;
    static Shared<BufferedFile> of_cached(const std::string& path, const OpenMode& mode, const OpenOptions& options,
                                          unsigned resolve);
    void examine(bool is_new);
    /// Of a file that may be: so it is with all whose device is not known yet.
    bool is_served_by_others() const noexcept { return kind_ == Kind::file && served_ != Served::by_kernel; }
    struct Room {
        std::size_t size = 0;
        std::size_t rest = 0;  // so many bytes are left up to the end of the file; 0: that is not known
    };
    Room room_for(const Wanted& wanted);
    bool is_at_end() const noexcept;
    bool fill(Wanted& wanted, bool may_wait, std::size_t budget);
    More read_more(std::size_t room, bool may_wait);
    void check_what_came();
    std::string cut(std::size_t n);
    void drop_taken() noexcept;
    void write_out(std::string& data);
    void forget_read_ahead();
    void keep_in_memory_or_not();

    std::string name_;
    OpenMode mode_;
    OpenOptions options_;
    Form form_;
    Kind kind_ = Kind::other;
    Served served_ = Served::unknown;
    dev_t device_ = 0;
    int fd_ = -1;

    std::string in_;  // read ahead; the first `taken_` bytes of it were taken
    std::size_t taken_ = 0;
    std::size_t sound_ = 0;  // so many bytes of `in_` are whole characters
    std::int64_t brought_ = 0;
    std::int64_t size_at_opening_ = -1;  // of a file that was just opened to be read, until it is; -1: not known
    bool broken_ = false;                // what follows the sound bytes is no text
    bool ended_ = false;                 // the last read met the end

    std::string out_;
    std::string next_;  // a large piece that comes after `out_`, not copied
    std::size_t most_unwritten_ = chunk;
    bool by_lines_ = false;
    bool line_ended_ = false;  // among what is unwritten
    bool dirty_ = false;

    bool remove_ = false;
    std::optional<std::size_t> spool_size_;
    std::string spool_folder_;
};

/// What `opening` gives, which a thread of the default executor calls. When the wait is cancelled, a thread closes what that has opened: on a
/// file of others, a close may wait.
Coro<Shared<BufferedFile>> opened_by_thread(Function<Shared<BufferedFile>()> opening);

}  // namespace hocket::fs
