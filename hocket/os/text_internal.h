// SPDX-License-Identifier: MIT
// Where a line or a number of characters ends in the bytes of a file, and what they are as text.
#pragma once

#include <hocket/os/open_options.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace hocket::fs {

/// What the bytes of a file are: nothing but bytes, with lines that end in `\n`, or text.
struct Form {
    bool text = false;
    Newline newline = Newline::lf;
    Errors errors = Errors::strict;

    /// Whether any of `\n`, `\r\n` and `\r` ends a line.
    bool universal() const noexcept { return newline == Newline::translate || newline == Newline::keep; }
    /// Whether all of them are read as `\n`.
    bool translates() const noexcept { return newline == Newline::translate; }
    /// The one that ends a line otherwise.
    std::string_view terminator() const noexcept {
        return newline == Newline::crlf ? "\r\n" : newline == Newline::cr ? "\r" : "\n";
    }
};

/// What a read asks for: a line, so many characters (of bytes that are no text: bytes), or a line of no more than so many.
struct Wanted {
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

    bool line = false;
    std::size_t left = all;  ///< characters that are still to be found
    std::size_t at = 0;      ///< so many bytes belong to it
    bool whole = false;      ///< all of it was found
};

/// Goes on, if it was not found, looking for the end of `wanted` in `bytes`, of which no sequence is cut off, and which are UTF-8 if errors are not allowed. True: `wanted.at` is the end. `last`: what follows
/// `bytes` is known, and is no newline.
bool find_end(Wanted& wanted, std::string_view bytes, const Form& form, bool last) noexcept;

/// Throws UnicodeEncodeError if what is to be written to the file of this name is no UTF-8.
void check_text(const std::string& name, std::string_view text);
/// As it is read: the newlines, and what is no UTF-8.
std::string as_read(std::string bytes, const Form& form);
/// As it is written.
std::string as_written(std::string text, const Form& form);

}  // namespace hocket::fs
