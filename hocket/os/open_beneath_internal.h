// SPDX-License-Identifier: MIT
// Opening files by names that others give, without ever leaving a folder.
#pragma once

#include <cstdint>
#include <string>

namespace hocket::fs {

/// Whether a call may wait for a disk, or for whoever serves the file.
enum class Looking : std::uint8_t {
    at_hand,  ///< only among what the kernel has in memory: EAGAIN where that does not tell
    anywhere,
};

/// open (man 2) of `path`, which is relative, beneath the folder `folder`: a descriptor with close-on-exec, or a negative error. Where `..`, or a
/// symbolic link on the way or at the end, leads out of the folder, that is EXDEV; links within it are followed. On kernels without openat2
/// (man 2), and where containers forbid it, no link is followed at all: ELOOP, or ENOTDIR. Thread-safe.
int open_beneath(int folder, const std::string& path, int flags, Looking looking = Looking::anywhere) noexcept;

/// The same without a folder: an ordinary name. It may be relative to the current one.
int open_anywhere(const std::string& path, int flags, Looking looking = Looking::anywhere) noexcept;

}  // namespace hocket::fs
