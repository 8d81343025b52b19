// SPDX-License-Identifier: MIT
// What is done to files as a whole, by their names, without blocking the loop.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/core/coro.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace hocket::fs {

// Each is one job of the loop's default executor, and throws OSError, `remove x.txt: No such file or directory`. A cancel abandons the wait:
// what has begun goes on.

/// The whole file (`pathlib.Path.read_bytes`).
HOCKET_EXPORT Coro<std::string> read_bytes(std::string path);
/// The same: bytes are bytes (`pathlib.Path.read_text`).
HOCKET_EXPORT Coro<std::string> read_text(std::string path);
/// Makes the file, or empties it, and writes `data`; gives the number of bytes (`pathlib.Path.write_bytes`).
HOCKET_EXPORT Coro<std::size_t> write_bytes(std::string path, std::string data);
/// The same (`pathlib.Path.write_text`).
HOCKET_EXPORT Coro<std::size_t> write_text(std::string path, std::string data);

/// Removes a file (`aiofiles.os.remove`).
HOCKET_EXPORT Coro<> remove(std::string path);
/// Renames a file or folder; a file that has the name `to` is replaced (`aiofiles.os.rename`).
HOCKET_EXPORT Coro<> rename(std::string from, std::string to);
/// Makes a folder (`aiofiles.os.mkdir`).
HOCKET_EXPORT Coro<> mkdir(std::string path);
/// Whether something has this name, at the end of symbolic links; false also where that cannot be found out (`aiofiles.os.path.exists`).
HOCKET_EXPORT Coro<bool> exists(std::string path);
/// The size in bytes (`aiofiles.os.path.getsize`).
HOCKET_EXPORT Coro<std::uint64_t> getsize(std::string path);

}  // namespace hocket::fs
