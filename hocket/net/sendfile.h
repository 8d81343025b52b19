// SPDX-License-Identifier: MIT
// Sending files: what can be said about it, and for sockets without a stream.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/core/coro.h>

#include <cstdint>
#include <optional>

namespace hocket {

namespace fs {
class File;
}

/// `writer.sendfile(file, {.offset = 1000, .count = 100})`
struct SendfileOptions {
    std::int64_t offset = 0;                 ///< of the first byte, from the file's beginning
    std::optional<std::int64_t> count = {};  ///< how many bytes; nothing: up to the end of the file
    bool fallback = true;                    ///< read and write where the system cannot send the file by itself
};

/// The system cannot send this file to this socket by itself, and `fallback` is off (`asyncio.SendfileNotAvailableError`).
class HOCKET_EXPORT SendfileNotAvailableError : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
    ~SendfileNotAvailableError() override;
};

/// Sends a file, or a part of it, to a connected non-blocking stream socket, by sendfile(2) (`loop.sock_sendfile`): the bytes never come into
/// this process, unless `fallback` has to serve. How many were sent.
///
/// The descriptor `file` is the caller's, and stays open until this ends; its position is behind what was sent then, also after an error or a
/// cancel: so it tells how far this came. Of what is no file, such as a pipe, the bytes are taken from where it is. Reading a file
/// may wait for a disk, and one of a network or of another process (NFS, FUSE ...) for its server: the loop with it. Throws OSError, SendfileNotAvailableError, ValueError for a socket that is none of streams or that blocks, and for a
/// negative offset or a count that is not positive.
HOCKET_EXPORT Coro<std::int64_t> sock_sendfile(int sock, int file, SendfileOptions options = {});
/// The same of a file, whose other operations wait meanwhile.
HOCKET_EXPORT Coro<std::int64_t> sock_sendfile(int sock, fs::File& file, SendfileOptions options = {});

}  // namespace hocket
