// SPDX-License-Identifier: MIT
// Files and folders that are gone when they are closed (aiofiles.tempfile).
#pragma once

#include <hocket/os/file.h>

#include <cstddef>
#include <exception>
#include <string>

namespace hocket::fs {

/// `temporary_file({.mode = "w+", .dir = "/var/tmp"})`
struct TemporaryOptions {
    std::string mode = "w+b";
    std::string suffix = {}, prefix = "tmp";  ///< around the name's random part
    std::string dir = {};  ///< the folder; by default that of TMPDIR, TEMP or TMP in the environment, else /tmp
    OpenOptions open = {};
    bool delete_ = true;       ///< of a file with a name; false: it stays
    std::size_t max_size = 0;  ///< of a spooled file: so many bytes stay in memory; 0: all
};

// Each gives a file for reading and writing that only this user may open. Throws OSError, `make a temporary file in /missing: No such file or
// directory`, and ValueError for a mode that is none. A cancel abandons the attempt, and nothing is left.

/// A file without a name, which is gone when it is closed (`TemporaryFile`).
///
///     co_await with(co_await fs::temporary_file(), [](fs::File& scratch) -> Coro<> {...});
HOCKET_EXPORT Coro<File> temporary_file(TemporaryOptions options = {});
/// A file whose `name()` others may open, removed when it is closed (`NamedTemporaryFile`).
HOCKET_EXPORT Coro<File> named_temporary_file(TemporaryOptions options = {});
/// A file in memory, which goes to the disk when it has more than `max_size` bytes, or by `rollover()` (`SpooledTemporaryFile`).
HOCKET_EXPORT Coro<File> spooled_temporary_file(TemporaryOptions options = {});

/// `temporary_directory({.prefix = "job_"})`
struct TemporaryDirectoryOptions {
    std::string suffix = {}, prefix = "tmp";
    std::string dir = {};
    bool ignore_cleanup_errors = false;
    bool delete_ = true;  ///< false: it stays
};

/// A folder that is removed with all that is in it (`TemporaryDirectory`), by `cleanup`, the end of `with`, or the destructor, which blocks and
/// can only report what fails. Move-only.
class HOCKET_EXPORT TemporaryDirectory {
public:
    TemporaryDirectory(TemporaryDirectory&& other) noexcept;
    TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
    ~TemporaryDirectory();

    /// The whole path.
    const std::string& name() const noexcept { return name_; }
    /// Removes it now. Harmless when it is gone. Throws OSError. Cancelled, it goes on without waiting.
    Coro<> cleanup();

    /// For `with`, which gives the name to its block.
    Coro<const std::string&> aenter();
    Coro<> aexit(std::exception_ptr error);

private:
    friend HOCKET_EXPORT Coro<TemporaryDirectory> temporary_directory(TemporaryDirectoryOptions options);
    TemporaryDirectory(std::string name, const TemporaryDirectoryOptions& options) noexcept;

    std::string name_;
    bool ignore_errors_ = false;
    bool removes_ = false;  // it is there, and to be removed
};

/// Makes one, which only this user may enter. Throws OSError. A cancel abandons the attempt, and nothing is left.
///
///     co_await with(co_await fs::temporary_directory(), [](const std::string& folder) -> Coro<> {...});
HOCKET_EXPORT Coro<TemporaryDirectory> temporary_directory(TemporaryDirectoryOptions options = {});

/// Where temporary files are made: the first of TMPDIR, TEMP and TMP in the environment, /tmp, /var/tmp and the current folder that is a
/// folder in which one may write (`tempfile.gettempdir`). Throws OSError when none is.
HOCKET_EXPORT Coro<std::string> gettempdir();

}  // namespace hocket::fs
