// SPDX-License-Identifier: MIT
// How temporary files and folders are made, and removed.
#include <hocket/os/temporary.h>

#include <hocket/base/report.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/os/buffered_file_internal.h>
#include <hocket/os/executor.h>
#include <hocket/os/file_system_internal.h>
#include <hocket/os/temporary_internal.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace hocket::fs {

namespace {

constexpr const char* make_a_file = "make a temporary file in ";
constexpr const char* make_a_folder = "make a temporary folder in ";

bool may_make_files_in(const char* folder) noexcept {
    struct stat status{};
    return sys::stat(folder, &status) == 0 && S_ISDIR(status.st_mode) && sys::access(folder, W_OK | X_OK) == 0;
}

// For mkostemps (man 3), which replaces the six letters.
std::string pattern(const std::string& folder, const std::string& prefix, const std::string& suffix) {
    return folder + "/" + prefix + "XXXXXX" + suffix;
}

/// Makes a file with a name, which it puts into `path`.
int open_named(const std::string& folder, const std::string& prefix, const std::string& suffix, std::string& path) {
    path = pattern(folder, prefix, suffix);
    const int fd = sys::mkostemps(path.data(), static_cast<int>(suffix.size()), O_CLOEXEC);
    if (fd < 0) throw OSError(errno, make_a_file + folder);
    return fd;
}

OpenMode mode_of(const TemporaryOptions& options) {
    for (const std::string* part : {&options.prefix, &options.suffix, &options.dir}) {
        if (part->find('\0') != std::string::npos) throw ValueError("a null character in the name of a temporary file");
    }
    if (!options.open.closefd) throw ValueError("a temporary file: closefd is for a descriptor");
    return parse_mode("a temporary file", options.mode, options.open);
}

using Opened = Shared<BufferedFile>;

// The descriptor is the file's once that is made.
Opened file_of(std::string name, int fd, OpenMode mode, const OpenOptions& options) {
    ScopedDescriptor descriptor(fd);
    Opened file = Opened::make(std::move(name), fd, std::move(mode), options);
    descriptor.release();
    return file;
}

Opened make_unnamed(const TemporaryOptions& options, OpenMode mode) {
    const std::string folder = temporary_folder(options.dir);
    return file_of("a temporary file in " + folder, open_unnamed(folder), std::move(mode), options.open);
}

Opened make_named(const TemporaryOptions& options, OpenMode mode) {
    std::string path;
    const int fd = open_named(temporary_folder(options.dir), options.prefix, options.suffix, path);
    Opened file = file_of(path, fd, std::move(mode), options.open);
    if (options.delete_) file->remove_when_closed();
    return file;
}

Opened make_spooled(const TemporaryOptions& options, OpenMode mode) {
    const int fd = sys::memfd_create("hocket", MFD_CLOEXEC);
    if (fd < 0) throw OSError(errno, "make a temporary file in memory");
    Opened file = file_of("a spooled temporary file", fd, std::move(mode), options.open);
    file->spool(options.max_size > 0 ? options.max_size : static_cast<std::size_t>(-1), options.dir);
    return file;
}

using Maker = Opened (*)(const TemporaryOptions&, OpenMode);

Coro<File> make(Maker maker, TemporaryOptions options) {
    OpenMode mode = mode_of(options);
    co_return File(co_await opened_by_thread(
        [maker, options = std::move(options), mode = std::move(mode)] { return maker(options, mode); }));
}

std::string make_folder(const TemporaryDirectoryOptions& options) {
    const std::string folder = temporary_folder(options.dir);
    for (;;) {
        std::string path = pattern(folder, options.prefix, "");
        if (!sys::mkdtemp(path.data())) throw OSError(errno, make_a_folder + folder);
        if (options.suffix.empty()) return path;
        // mkdtemp (man 3) knows no suffix, so that what it makes only draws the name.
        const int made = sys::mkdir((path + options.suffix).c_str(), 0700);
        const int error = errno;
        sys::rmdir(path.c_str());
        if (made == 0) return path + options.suffix;
        if (error != EEXIST) throw OSError(error, make_a_folder + folder);
    }
}

}  // namespace

std::string temporary_folder(const std::string& folder) {
    if (!folder.empty()) return absolute_path(folder);
    for (const char* variable : {"TMPDIR", "TEMP", "TMP"}) {
        const char* named = std::getenv(variable);
        if (named && may_make_files_in(named)) return absolute_path(named);
    }
    for (const char* usual : {"/tmp", "/var/tmp", "."}) {
        if (may_make_files_in(usual)) return absolute_path(usual);
    }
    throw OSError(ENOENT, "find a folder for temporary files");
}

int open_unnamed(const std::string& folder) {
    const std::string absolute = temporary_folder(folder);
    const int fd = sys::open(absolute.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    if (errno != EOPNOTSUPP && errno != EISDIR) throw OSError(errno, make_a_file + absolute);
    std::string path;  // of a file system that must name its files
    const int named = open_named(absolute, "tmp", "", path);
    sys::unlink(path.c_str());
    return named;
}

HOCKET_CORO_WRAPPER Coro<File> temporary_file(TemporaryOptions options) {
    return make(make_unnamed, std::move(options));
}

HOCKET_CORO_WRAPPER Coro<File> named_temporary_file(TemporaryOptions options) {
    return make(make_named, std::move(options));
}

HOCKET_CORO_WRAPPER Coro<File> spooled_temporary_file(TemporaryOptions options) {
    return make(make_spooled, std::move(options));
}

// ---- Folders

TemporaryDirectory::TemporaryDirectory(std::string name, const TemporaryDirectoryOptions& options) noexcept
    : name_(std::move(name)), ignore_errors_(options.ignore_cleanup_errors), removes_(options.delete_) {}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : name_(std::move(other.name_)),
      ignore_errors_(other.ignore_errors_),
      removes_(std::exchange(other.removes_, false)) {}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
    std::swap(name_, other.name_);
    std::swap(ignore_errors_, other.ignore_errors_);
    std::swap(removes_, other.removes_);
    return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
    if (!removes_ || sys::process_has_ended()) return;
    try {
        remove_tree(name_);
    } catch (const OSError& e) {
        if (!ignore_errors_ && e.error_number() != ENOENT)
            report("a temporary folder is left over: " + std::string(e.what()));
    }
}

Coro<> TemporaryDirectory::cleanup() {
    if (!std::exchange(removes_, false)) co_return;
    try {
        co_await run_in_executor([name = name_] { remove_tree(name); });
    } catch (const OSError& e) {
        if (!ignore_errors_ && e.error_number() != ENOENT) throw;
    } catch (...) {  // a cancel, or no thread took it: where it has not begun, the destructor does it
        removes_ = true;
        throw;
    }
}

Coro<const std::string&> TemporaryDirectory::aenter() { co_return name_; }

Coro<> TemporaryDirectory::aexit(std::exception_ptr) { co_await cleanup(); }

Coro<TemporaryDirectory> temporary_directory(TemporaryDirectoryOptions options) {
    for (const std::string* part : {&options.prefix, &options.suffix, &options.dir}) {
        if (part->find('\0') != std::string::npos)
            throw ValueError("a null character in the name of a temporary folder");
    }
    // What is made for nobody any more is removed by its owner's end.
    co_return co_await run_in_executor(
        [options = std::move(options)] { return TemporaryDirectory(make_folder(options), options); });
}

Coro<std::string> gettempdir() {
    co_return co_await run_in_executor([] { return temporary_folder(""); });
}

}  // namespace hocket::fs
