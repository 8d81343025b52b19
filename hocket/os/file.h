// SPDX-License-Identifier: MIT
// Files that are read and written without blocking the loop (aiofiles).
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/owners.h>
#include <hocket/base/unicode_error.h>
#include <hocket/core/coro.h>
#include <hocket/os/open_options.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hocket::fs {

class BufferedFile;

/// An open file (what `aiofiles.open` gives).
///
///     auto file = co_await fs::open("notes.txt");
///     while (auto line = co_await file.next()) ...
///
/// A text file is UTF-8, checked when it is read and when it is written, and its newlines are read as `\n` (see Newline); sizes are counted in
/// characters, positions in bytes. Of a binary file (`b` in its mode) bytes are bytes, and lines end in `\n`.
///
/// Reads take 64 KiB at a time from the system, and what is written collects until there is as much. What the kernel has in memory is read on
/// the spot, after which the others have a turn; for the rest, and for all files of networks and of other processes (NFS, FUSE ...), a thread of
/// the loop's default executor works, and the task is suspended. A pipe or a terminal is waited for without a thread. What the destructor
/// finds unwritten it writes, which blocks, and what that fails with can only be reported; `close`, at the end of `with` too, throws it.
///
/// Operations on one file are done one at a time, in the order in which they were awaited. A cancel abandons the wait, and what a thread has
/// begun goes on: the next operation waits for it. What a cancelled read has brought is the next reader's; what a cancelled write has taken
/// is written. One that is cancelled before its turn has no effect.
///
/// Operations throw OSError, `write to notes.txt: No space left on device`; ValueError when the file is closed or its mode forbids them;
/// UnicodeDecodeError, `read from notes.txt: no UTF-8 at byte 17: 0xff`, where the text up to there was asked for already, and
/// UnicodeEncodeError: these take nothing. Move-only. Belongs to the thread of its loop; may outlive it.
class HOCKET_EXPORT File {
public:
    static constexpr std::size_t until_eof = static_cast<std::size_t>(-1);

    File(File&& other) noexcept = default;
    File& operator=(File&& other) noexcept = default;
    /// Closes what is open, and writes what is left, on this thread: it blocks, on a file of others also when nothing is left. `close` does not.
    ~File() = default;

    /// `n` characters, or bytes of a binary file; fewer only at the end of the file: then an empty string. Without `n`, all up to the end.
    Coro<std::string> read(std::size_t n = until_eof);
    /// Up to and with the next newline, but no more than `limit` characters; at the end of the file what is left, or an empty string.
    Coro<std::string> readline(std::size_t limit = until_eof);
    /// All lines up to the end, with their newlines.
    Coro<std::vector<std::string>> readlines();
    /// The next line, with its newline, or nothing at the end: `while (auto line = co_await file.next())` (`async for line in file`).
    Coro<std::optional<std::string>> next();

    // Of binary files only.

    /// Fills `to`, and gives the number of bytes, fewer only at the end of the file. They are copied there when the read ends: a cancelled one
    /// leaves `to` as it is.
    Coro<std::size_t> readinto(std::span<char> to);
    /// What there is, but no more than `n` bytes; waits only when there is nothing. An empty string at the end.
    Coro<std::string> read1(std::size_t n = until_eof);
    /// What the next read begins with, at least a byte but at the end; takes nothing.
    Coro<std::string> peek();

    /// The number of characters, or bytes, which is all of them. What fails when they are written later is thrown by the operation that does
    /// so, and they are kept: the next one tries again, and a write takes nothing more while that fails.
    Coro<std::size_t> write(std::string data);
    /// Writes one after the other; adds no newlines.
    Coro<> writelines(std::vector<std::string> lines);
    /// Hands to the system what was written.
    Coro<> flush();
    /// The same, and waits until it is on the device (`os.fsync(f.fileno())`).
    Coro<> fsync();
    /// The same; what only describes the file may come later (fdatasync, man 2).
    Coro<> fdatasync();

    /// Goes to `offset` from the beginning or, with `whence` SEEK_CUR or SEEK_END (<cstdio>), from here or from the end; gives the position.
    Coro<std::int64_t> seek(std::int64_t offset, int whence = 0);
    Coro<std::int64_t> tell();
    /// Cuts or extends the file to `size`, or to the position; gives the size. The position stays.
    Coro<std::int64_t> truncate(std::optional<std::uint64_t> size = {});

    /// Writes what is left, and closes the descriptor, even if this throws, or is cancelled once its turn has come: then what keeps the rest from
    /// being written is reported. Harmless when closed already.
    Coro<> close();
    bool closed() const noexcept;
    /// As it was given to `open`; of a descriptor `descriptor 5`.
    const std::string& name() const;
    const std::string& mode() const;
    /// The descriptor, whose position is not the file's: reads are ahead of it, writes behind. Throws ValueError when closed.
    int fileno() const;
    /// The descriptor for calls of the system, with the file's position: nothing is read ahead or unwritten. The other operations wait until
    /// the loan, and its copies, are gone.
    class Loan;
    Coro<Loan> lend();
    bool isatty() const;
    /// What its mode allows, and whether it has positions. Throw ValueError when closed.
    bool readable() const;
    bool writable() const;
    bool seekable() const;

    /// Of a spooled temporary file: it goes to the disk now. Of others nothing happens.
    Coro<> rollover();

    /// For `with`, which gives the file to its block and closes it.
    Coro<File&> aenter();
    Coro<> aexit(std::exception_ptr error);

    /// For whoever makes files.
    explicit File(Shared<BufferedFile> opened);

private:
    struct State;
    static Coro<Loan> lend_of(Shared<State> state);
    const Shared<State>& state() const;

    Shared<State> state_;  // null when moved from
};

class HOCKET_EXPORT File::Loan {
public:
    int fd() const noexcept;

private:
    friend class File;
    struct Held;
    explicit Loan(Shared<Held> held) noexcept : held_(std::move(held)) {}
    Shared<Held> held_;
};

/// Opens a file (`aiofiles.open`). `mode` is Python's: one of
///
///     r   read (the default)
///     w   write; empties the file, or makes it
///     a   write at the end; makes the file
///     x   write to a file that this makes
///
/// with `+` for both reading and writing, and `b` for bytes in place of text. Throws OSError, `open missing.txt: No such file or directory`,
/// also for a folder, and ValueError for another mode. A cancel abandons the attempt; a file that is opened all the same is closed.
HOCKET_EXPORT Coro<File> open(std::string path, std::string mode = "r", OpenOptions options = {});
/// The file of a descriptor, which is closed with it, if not `{.closefd = false}`; when this throws, it stays open. The mode says what it is
/// used for.
HOCKET_EXPORT Coro<File> open(int descriptor, std::string mode = "r", OpenOptions options = {});

/// The standard streams of this process (`aiofiles.stdin`, `stdout`, `stderr`), as text; "rb" or "wb" for bytes (`aiofiles.stdin_bytes` ...).
/// Closing one leaves the descriptor open. Each has a buffer of its own: keep one input for all reads, and flush `stdout` of <cstdio> before
/// the output here is to follow it. Errors say `read from standard input`.
HOCKET_EXPORT File standard_input(std::string mode = "r");
HOCKET_EXPORT File standard_output(std::string mode = "w");
/// Each line is handed over at once.
HOCKET_EXPORT File standard_error(std::string mode = "w");

}  // namespace hocket::fs
