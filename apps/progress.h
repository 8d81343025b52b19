// SPDX-License-Identifier: MIT
// The line on a terminal that says how far downloads are.
#pragma once

#include <hocket/core/coro.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What is known of all downloads together.
struct Transfer {
    std::uint64_t received = 0;
    std::uint64_t expected = 0;     ///< of those whose size is known
    std::size_t unknown_sizes = 0;  ///< bodies that have begun, and did not say how long they are
    std::size_t done = 0, all = 0;  ///< URLs
};

/// `27.0 MB`: a thousand bytes are a kB.
std::string size_text(double bytes);
/// `4 s`, `1:05`, `2:03:00`
std::string span_text(double seconds);
/// `45% [#########           ]  12.3 MB of 27.0 MB  3.4 MB/s  4 s left`, of no more than `columns`. `rate`: bytes in a second.
std::string progress_text(const Transfer& transfer, double rate, std::size_t columns, bool is_coloured);

/// Draws it on standard error, if that is a terminal and the download is a long one.
class Progress {
public:
    /// `is_wanted`: else nothing is ever drawn.
    explicit Progress(bool is_wanted);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() { clear(); }

    bool is_shown() const noexcept { return is_shown_; }
    /// Draws until it is cancelled.
    hocket::Coro<> run();
    /// Takes the line away, for what else is to be written.
    void clear();
    /// A line on standard error.
    void say(std::string_view line);

    Transfer transfer;

private:
    void draw(double rate);

    const bool is_shown_, is_coloured_;
    bool is_drawn_ = false;
};
