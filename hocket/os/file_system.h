// SPDX-License-Identifier: MIT
// What is done to files and folders as a whole, by their names, without blocking the loop (aiofiles.os).
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/errors.h>
#include <hocket/base/unicode_error.h>
#include <hocket/core/coro.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hocket::fs {

// Each is one job of the loop's default executor, but whole files that the kernel has in memory, which are read on the spot. Each throws OSError,
// `remove x.txt: No such file or directory`, and ValueError for a name with a null character. A cancel abandons the wait: what has begun goes
// on.

// ---- Whole files

/// The whole file (`pathlib.Path.read_bytes`).
HOCKET_EXPORT Coro<std::string> read_bytes(std::string path);
/// The same as text, as `open(path, "r")` reads it (`pathlib.Path.read_text`). Throws UnicodeDecodeError.
HOCKET_EXPORT Coro<std::string> read_text(std::string path);
/// Makes the file, or empties it, and writes `data`; gives the number of bytes (`pathlib.Path.write_bytes`).
HOCKET_EXPORT Coro<std::size_t> write_bytes(std::string path, std::string data);
/// The same of text; gives the number of characters (`pathlib.Path.write_text`). Throws UnicodeEncodeError, and does not touch the file then.
HOCKET_EXPORT Coro<std::size_t> write_text(std::string path, std::string data);

// ---- What is known of a file

/// `os.stat_result`. Times are spans since 1970-01-01 UTC; `blocks` are of 512 bytes.
struct StatResult {
    unsigned mode = 0;  ///< kind and permissions, as chmod (man 2) has them
    std::uint64_t ino = 0, dev = 0, rdev = 0, nlink = 0;
    unsigned uid = 0, gid = 0;
    std::uint64_t size = 0, blksize = 0, blocks = 0;
    Duration atime, mtime, ctime;

    bool is_file() const noexcept { return (mode & 0170000) == 0100000; }
    bool is_dir() const noexcept { return (mode & 0170000) == 0040000; }
    bool is_symlink() const noexcept { return (mode & 0170000) == 0120000; }
};
/// `os.statvfs_result`: blocks are of `frsize` bytes.
struct StatvfsResult {
    std::uint64_t bsize = 0, frsize = 0, blocks = 0, bfree = 0, bavail = 0, files = 0, ffree = 0, favail = 0, flag = 0,
                  namemax = 0;
};

/// At the end of symbolic links (`os.stat`).
HOCKET_EXPORT Coro<StatResult> stat(std::string path);
/// Of a symbolic link itself (`os.lstat`).
HOCKET_EXPORT Coro<StatResult> lstat(std::string path);
/// Of the file system where `path` is (`os.statvfs`).
HOCKET_EXPORT Coro<StatvfsResult> statvfs(std::string path);
/// Whether this process may do what `mode` says: F_OK, or of R_OK, W_OK, X_OK (<unistd.h>). False also where that cannot be found out
/// (`os.access`).
HOCKET_EXPORT Coro<bool> access(std::string path, int mode);

// False also where it cannot be found out (`os.path`).

/// Whether something has this name, at the end of symbolic links.
HOCKET_EXPORT Coro<bool> exists(std::string path);
/// The same; a symbolic link that leads nowhere is something (`lexists`).
HOCKET_EXPORT Coro<bool> lexists(std::string path);
HOCKET_EXPORT Coro<bool> isfile(std::string path);
HOCKET_EXPORT Coro<bool> isdir(std::string path);
HOCKET_EXPORT Coro<bool> islink(std::string path);
/// Whether another file system begins here.
HOCKET_EXPORT Coro<bool> ismount(std::string path);

/// The size in bytes.
HOCKET_EXPORT Coro<std::uint64_t> getsize(std::string path);
/// When it was last read, written, changed in any way: since 1970-01-01 UTC.
HOCKET_EXPORT Coro<Duration> getatime(std::string path);
HOCKET_EXPORT Coro<Duration> getmtime(std::string path);
HOCKET_EXPORT Coro<Duration> getctime(std::string path);
/// Whether both names lead to the same file.
HOCKET_EXPORT Coro<bool> samefile(std::string path, std::string other);
HOCKET_EXPORT Coro<bool> sameopenfile(int descriptor, int other);
/// From the root on, without `.` and `..`; symbolic links stay (`os.path.abspath`).
HOCKET_EXPORT Coro<std::string> abspath(std::string path);
/// The current folder (`os.getcwd`).
HOCKET_EXPORT Coro<std::string> getcwd();

/// Copies up to `count` bytes of the file `in`, from `offset` or from its position on, which then moves, to `out`; gives how many those
/// were, 0 at the end (`os.sendfile`). The descriptors may be closed while it works.
HOCKET_EXPORT Coro<std::size_t> sendfile(int out, int in, std::optional<std::int64_t> offset, std::size_t count);

// ---- Names

/// Removes a file (`os.remove`, `os.unlink`).
HOCKET_EXPORT Coro<> remove(std::string path);
HOCKET_EXPORT Coro<> unlink(std::string path);
/// Renames a file or folder; a file that has the name `to` is replaced (`os.rename`, `os.replace`).
HOCKET_EXPORT Coro<> rename(std::string from, std::string to);
HOCKET_EXPORT Coro<> replace(std::string from, std::string to);
/// The same; makes the folders above `to`, and removes those above `from` that are empty then (`os.renames`).
HOCKET_EXPORT Coro<> renames(std::string from, std::string to);
/// Gives the file `path` the name `other`, too (`os.link`).
HOCKET_EXPORT Coro<> link(std::string path, std::string other);
/// Makes `name`, which leads to `target`, whether there is one or not (`os.symlink`).
HOCKET_EXPORT Coro<> symlink(std::string target, std::string name);
/// Where a symbolic link leads (`os.readlink`).
HOCKET_EXPORT Coro<std::string> readlink(std::string path);

// ---- Folders

/// `makedirs("a/b", {.exist_ok = true})`
struct MakedirsOptions {
    unsigned mode = 0777;   ///< of the last one; the process's umask takes from it
    bool exist_ok = false;  ///< no error if the folder is there
};

/// Makes a folder (`os.mkdir`).
HOCKET_EXPORT Coro<> mkdir(std::string path, unsigned mode = 0777);
/// The same, with those above it (`os.makedirs`).
HOCKET_EXPORT Coro<> makedirs(std::string path, MakedirsOptions options = {});
/// Removes an empty folder (`os.rmdir`).
HOCKET_EXPORT Coro<> rmdir(std::string path);
/// The same, then those above it, as long as they are empty (`os.removedirs`).
HOCKET_EXPORT Coro<> removedirs(std::string path);
/// Removes a folder with all that is in it; symbolic links are removed, not followed (`shutil.rmtree`). Stops at the first that cannot be
/// removed, which the error names, `remove a/b/c.txt: Permission denied`; what it came to before is gone then. Holds
/// a descriptor for each level, so that a tree deeper than there may be open files is not removed: `Too many open files`.
HOCKET_EXPORT Coro<> rmtree(std::string path);

/// An entry of a folder (`os.DirEntry`). What it says was true when the folder was read.
struct DirEntry {
    std::string name;
    std::string path;  ///< with the folder's
    std::uint64_t inode = 0;
    bool is_symlink = false;
    bool is_dir = false, is_file = false;  ///< at the end of symbolic links
};

/// The names in a folder, in no order, without `.` and `..` (`os.listdir`).
HOCKET_EXPORT Coro<std::vector<std::string>> listdir(std::string path = ".");
/// The same, with what they are (`os.scandir`).
HOCKET_EXPORT Coro<std::vector<DirEntry>> scandir(std::string path = ".");

}  // namespace hocket::fs
