// SPDX-License-Identifier: MIT
// Folders: making, removing and reading them, each in a job.
#include <hocket/os/file_system.h>

#include <hocket/io/file_calls_internal.h>
#include <hocket/os/executor.h>
#include <hocket/os/file_system_internal.h>
#include <hocket/os/temporary_internal.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

namespace hocket::fs {

namespace {

void make(const std::string& path, unsigned mode) {
    if (sys::mkdir(path.c_str(), mode) < 0) throw OSError(errno, "make the folder " + path);
}

void remove_empty(const std::string& path) {
    if (sys::rmdir(path.c_str()) < 0) throw OSError(errno, "remove the folder " + path);
}

bool is_folder(const std::string& path) noexcept {
    struct stat status{};
    return sys::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// The folder around it, or nothing.
std::string parent_of(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return "";
    path = path.substr(0, slash);
    while (path.ends_with('/')) path.remove_suffix(1);
    return std::string(path);
}

void make_with_parents(const std::string& path, const MakedirsOptions& options) {
    const std::string parent = parent_of(path);
    if (!parent.empty() && !is_folder(parent)) make_with_parents(parent, {.exist_ok = true});
    if (sys::mkdir(path.c_str(), options.mode) == 0) return;
    const int error = errno;
    if (!options.exist_ok || !is_folder(path)) throw OSError(error, "make the folder " + path);
}

void remove_empty_parents(const std::string& path) {
    for (std::string parent = parent_of(path); !parent.empty() && sys::rmdir(parent.c_str()) == 0;)
        parent = parent_of(parent);
}

// ---- Reading

std::string entry_of(const std::string& folder, const char* name) {
    return folder + (folder.ends_with('/') ? "" : "/") + name;
}

/// Calls `f(entry)` for each but `.` and `..`. The folder may not be open: then `errno` says why.
template <class F>
void for_each_entry(sys::FolderReader& folder, const std::string& path, F f) {
    if (!folder.is_open()) throw OSError(errno, "read the folder " + path);
    while (const sys::FolderItem* const entry = folder.next()) {
        const std::string_view name = entry->name;
        if (name != "." && name != "..") f(*entry);
    }
    if (errno != 0) throw OSError(errno, "read the folder " + path);
}

unsigned char kind_of(const struct stat& status) noexcept { return static_cast<unsigned char>(IFTODT(status.st_mode)); }

DirEntry described(const std::string& folder, const sys::FolderItem& entry) {
    DirEntry result{.name = entry.name, .path = entry_of(folder, entry.name), .inode = entry.inode};
    unsigned char type = entry.type;
    struct stat status{};
    if (type == DT_UNKNOWN && sys::lstat(result.path.c_str(), &status) == 0) type = kind_of(status);
    result.is_symlink = type == DT_LNK;
    if (type == DT_LNK)
        type = sys::stat(result.path.c_str(), &status) == 0 ? kind_of(status) : static_cast<unsigned char>(DT_UNKNOWN);
    result.is_dir = type == DT_DIR;
    result.is_file = type == DT_REG;
    return result;
}

// ---- Removing with all that is in it

constexpr int a_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

void remove_entry(int folder, const sys::FolderItem& entry, const std::string& path);

/// Removes what is in the folder of the descriptor, which this closes.
void empty_folder(int folder, const std::string& path) {
    ScopedDescriptor opened(folder);
    sys::FolderReader entries(folder);
    if (entries.is_open()) opened.release();
    for_each_entry(entries, path, [&](const sys::FolderItem& entry) {
        remove_entry(entries.fd(), entry, entry_of(path, entry.name));
    });
}

// By descriptors, so that nobody who puts a link in the place of a folder meanwhile has other things removed. What another has removed first
// is no error.
void remove_entry(int folder, const sys::FolderItem& entry, const std::string& path) {
    if (entry.type != DT_DIR) {
        if (sys::unlinkat(folder, entry.name, 0) == 0 || errno == ENOENT) return;
        if (errno != EISDIR) throw OSError(errno, "remove " + path);  // else its type was not told, or is another now
    }
    const int inner = sys::openat(folder, entry.name, a_folder);
    if (inner < 0 && errno == ENOENT) return;
    if (inner < 0) throw OSError(errno, "read the folder " + path);
    empty_folder(inner, path);
    if (sys::unlinkat(folder, entry.name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        throw OSError(errno, "remove the folder " + path);
}

}  // namespace

std::string absolute_path(const std::string& path) {
    std::filesystem::path absolute = path.empty() ? "." : path;
    if (absolute.is_relative()) {
        const std::string here = sys::getcwd();
        if (here.empty()) throw OSError(errno, "find the current folder");
        absolute = here / absolute;
    }
    std::string text = absolute.lexically_normal().string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

void remove_tree(const std::string& path) {
    const int folder = sys::open(path.c_str(), a_folder);
    if (folder < 0) throw OSError(errno, "remove the folder " + path);
    empty_folder(folder, path);
    remove_empty(path);
}

Coro<> mkdir(std::string path, unsigned mode) {
    check_name(path, "make the folder");
    co_await run_in_executor([path = std::move(path), mode] { make(path, mode); });
}

Coro<> makedirs(std::string path, MakedirsOptions options) {
    check_name(path, "make the folder");
    co_await run_in_executor([path = std::move(path), options] { make_with_parents(path, options); });
}

Coro<> rmdir(std::string path) {
    check_name(path, "remove the folder");
    co_await run_in_executor([path = std::move(path)] { remove_empty(path); });
}

Coro<> removedirs(std::string path) {
    check_name(path, "remove the folder");
    co_await run_in_executor([path = std::move(path)] {
        remove_empty(path);
        remove_empty_parents(path);
    });
}

Coro<> rmtree(std::string path) {
    check_name(path, "remove the folder");
    co_await run_in_executor([path = std::move(path)] { remove_tree(path); });
}

Coro<> renames(std::string from, std::string to) {
    check_name(from, "rename");
    check_name(to, "rename");
    co_await run_in_executor([from = std::move(from), to = std::move(to)] {
        const std::string parent = parent_of(to);
        if (!parent.empty() && !is_folder(parent)) make_with_parents(parent, {.exist_ok = true});
        if (sys::rename(from.c_str(), to.c_str()) < 0) throw OSError(errno, "rename " + from + " to " + to);
        remove_empty_parents(from);
    });
}

Coro<std::vector<std::string>> listdir(std::string path) {
    check_name(path, "read the folder");
    co_return co_await run_in_executor([path = std::move(path)] {
        std::vector<std::string> names;
        sys::FolderReader folder(path.c_str());
        for_each_entry(folder, path, [&](const sys::FolderItem& entry) { names.emplace_back(entry.name); });
        return names;
    });
}

Coro<std::vector<DirEntry>> scandir(std::string path) {
    check_name(path, "read the folder");
    co_return co_await run_in_executor([path = std::move(path)] {
        std::vector<DirEntry> entries;
        sys::FolderReader folder(path.c_str());
        for_each_entry(folder, path, [&](const sys::FolderItem& entry) { entries.push_back(described(path, entry)); });
        return entries;
    });
}

}  // namespace hocket::fs
