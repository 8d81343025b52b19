// SPDX-License-Identifier: MIT
// A part of a file on its way to a socket.
#pragma once

#include <hocket/core/backend.h>
#include <hocket/core/coro.h>
#include <hocket/net/sendfile.h>
#include <hocket/net/transport.h>

#include <cstdint>
#include <string>

namespace hocket {

/// What is still to be sent of a file.
class FileRange {
public:
    /// Throws ValueError for options that no caller may give.
    FileRange(int file, const SendfileOptions& options);

    std::int64_t sent() const noexcept { return sent_; }
    std::string name() const { return "descriptor " + std::to_string(file_); }

    /// One call of sendfile(2). EAGAIN: there may be more, once the socket can be written to. 0: that was all. Else an error.
    int send_some(Backend& backend, int socket) noexcept;
    /// For the other way: the next bytes, an empty string at the end. They count when `took` says so. Throws OSError.
    Coro<std::string> read();
    void took(std::size_t n) noexcept;
    /// sendfile(2) does not serve, for `error`, and must not be done without.
    [[noreturn]] void fail(int error) const;
    /// Moves the file's position behind what was sent, if anything was.
    void update_position() const noexcept;

private:
    int file_;
    bool seekable_;
    std::int64_t offset_, left_, sent_ = 0;
};

/// Whether an error of sendfile(2) means that it does not serve, or that the file cannot be read; else the connection has failed.
bool concerns_file(int error) noexcept;

/// Writes the file to the stream, piece by piece, and moves its position. How many bytes were sent in all.
Coro<std::int64_t> write_file(TransportHandle transport, FileRange& range);

}  // namespace hocket
