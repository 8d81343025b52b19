// SPDX-License-Identifier: MIT
// How the files of temporary.h are made.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/io/file_calls_internal.h>

#include <string>
#include <utility>

namespace hocket::fs {

/// Closes a descriptor.
struct ScopedDescriptor {
    explicit ScopedDescriptor(int descriptor) noexcept : fd(descriptor) {}
    ScopedDescriptor(const ScopedDescriptor&) = delete;
    ScopedDescriptor& operator=(const ScopedDescriptor&) = delete;
    ~ScopedDescriptor() {
        if (fd >= 0) sys::close(fd);
    }
    int release() noexcept { return std::exchange(fd, -1); }
    int fd;
};

/// `folder`, or where temporary files are made: TMPDIR, TEMP, TMP of the environment, /tmp, /var/tmp; absolute.
std::string temporary_folder(const std::string& folder);
/// A file without a name, for reading and writing. Throws OSError: `make a temporary file in /tmp: No space left on device`.
int open_unnamed(const std::string& folder);

}  // namespace hocket::fs
