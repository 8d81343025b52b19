// SPDX-License-Identifier: MIT
// How a file is opened, beside its mode.
#pragma once

#include <cstdint>

namespace hocket::fs {

/// What ends a line of a text file, and what it becomes (Python's `newline=`).
enum class Newline : std::uint8_t {
    translate,  ///< `\n`, `\r\n` and `\r` end a line, and are read as `\n` (None, the default)
    keep,       ///< the same, and they are read as they are ("")
    lf,         ///< only `\n`
    crlf,       ///< only `\r\n`, which each `\n` becomes when it is written
    cr,         ///< the same of `\r`
};

/// What becomes of bytes of a text file that are no UTF-8 (Python's `errors=`).
enum class Errors : std::uint8_t {
    strict,   ///< UnicodeDecodeError when they are read, UnicodeEncodeError when they are to be written (the default)
    replace,  ///< U+FFFD stands for them
    ignore,   ///< they are left out
};

/// `open(path, "w", {.newline = Newline::crlf})`
struct OpenOptions {
    /// So many bytes are read at a time, and collect before they are written; 0: each write is handed over at once; 1: each line. By default
    /// 64 KiB, and each line where the file is a terminal.
    int buffering = -1;
    /// Of text files only: ValueError for a binary one.
    Newline newline = Newline::translate;
    Errors errors = Errors::strict;  ///< the same
    /// False: closing the file leaves the descriptor open that was given to `open`. ValueError where a path was given.
    bool closefd = true;
};

}  // namespace hocket::fs
