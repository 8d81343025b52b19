// SPDX-License-Identifier: MIT
// Files that are read and written without blocking the loop (aiofiles).
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hocket::fs {

/// An open file (what `aiofiles.open` gives). Bytes are bytes: there are no encodings, and newlines stay as they are.
///
///     auto file = co_await fs::open("notes.txt");
///     while (auto line = co_await file.next()) ...
///
/// Reads take 64 KiB at a time from the system, and what is written collects until there is as much: only then is a thread of the loop's
/// default executor needed, and the task suspended. What the destructor finds unwritten it writes, which blocks, and what that fails with can
/// only be reported; `close`, at the end of `with` too, throws it.
///
/// Operations on one file are done one at a time, in the order in which they were awaited. A cancel abandons the wait, and what a thread has
/// begun goes on: the next operation waits for it. What a cancelled read has brought is the next reader's; what a cancelled write has taken
/// is written. One that is cancelled before its turn has no effect.
///
/// Operations throw OSError, `write to notes.txt: No space left on device`, and ValueError when the file is closed or its mode forbids them.
/// Move-only. Belongs to the thread of its loop; may outlive it.
class HOCKET_EXPORT File {
public:
    static constexpr std::size_t until_eof = static_cast<std::size_t>(-1);

    File(File&& other) noexcept = default;
    File& operator=(File&& other) noexcept = default;
    ~File() = default;

    /// Up to `n` bytes, fewer only at the end of the file: then an empty string. Without `n`, all up to the end.
    Coro<std::string> read(std::size_t n = until_eof);
    /// Up to and with the next newline; at the end of the file what is left, or an empty string.
    Coro<std::string> readline();
    /// All lines up to the end, with their newlines.
    Coro<std::vector<std::string>> readlines();
    /// The next line, with its newline, or nothing at the end: `while (auto line = co_await file.next())` (`async for line in file`).
    Coro<std::optional<std::string>> next();

    /// The number of bytes, which is all of them. What fails when they are written later is thrown by the operation that does so, and they
    /// are kept: the next one tries again, and a write takes nothing more while that fails.
    Coro<std::size_t> write(std::string data);
    /// Hands to the system what was written.
    Coro<> flush();

    /// Goes to `offset` from the beginning or, with `whence` SEEK_CUR or SEEK_END (<cstdio>), from here or from the end; gives the position.
    Coro<std::int64_t> seek(std::int64_t offset, int whence = 0);
    Coro<std::int64_t> tell();
    /// Cuts or extends the file to `size`, or to the position; gives the size. The position stays.
    Coro<std::int64_t> truncate(std::optional<std::uint64_t> size = {});

    /// Writes what is left, and closes the descriptor, even if this throws. Harmless when closed already.
    Coro<> close();
    bool closed() const noexcept;
    /// As it was given to `open`.
    const std::string& name() const;
    /// The descriptor, whose position is not the file's: reads are ahead of it, writes behind. Throws ValueError when closed.
    int fileno() const;

    /// For `with`, which gives the file to its block and closes it.
    Coro<File&> aenter();
    Coro<> aexit(std::exception_ptr error);

private:
    struct State;
    friend HOCKET_EXPORT Coro<File> open(std::string path, std::string mode);
    explicit File(Shared<State> state) noexcept : state_(std::move(state)) {}
    const Shared<State>& state() const;

    Shared<State> state_;  // null when moved from
};

/// Opens a file (`aiofiles.open`). `mode` is Python's: one of
///
///     r   read (the default)
///     w   write; empties the file, or makes it
///     a   write at the end; makes the file
///     x   write to a file that this makes
///
/// with `+` for both reading and writing; `b` and `t` change nothing. Throws OSError, `open missing.txt: No such file or directory`, also
/// for a folder, and ValueError for another mode. A cancel abandons the attempt; a file that is opened all the same is closed.
HOCKET_EXPORT Coro<File> open(std::string path, std::string mode = "r");

}  // namespace hocket::fs
