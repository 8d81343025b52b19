// SPDX-License-Identifier: MIT
// Which calls on files are in force, and how a folder is read with them.
#include <hocket/io/file_calls_internal.h>

#include <filesystem>

namespace hocket::sys {

constinit thread_local FileCalls* file_calls = nullptr;

std::string getcwd() {
    if (file_calls) return file_calls->getcwd();
    std::error_code error;
    const std::filesystem::path path = std::filesystem::current_path(error);
    if (!error) return path.string();
    errno = error.value();
    return {};
}

FolderReader::FolderReader(const char* path) noexcept {
    if (!file_calls) {
        folder_ = ::opendir(path);
        return;
    }
    fd_ = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_ < 0 || detail::told(file_calls->list(fd_, items_)) >= 0) return;
    const int error = errno;
    close(std::exchange(fd_, -1));
    errno = error;
}

FolderReader::FolderReader(int fd) noexcept {
    if (!file_calls) {
        folder_ = ::fdopendir(fd);
    } else if (detail::told(file_calls->list(fd, items_)) >= 0) {
        fd_ = fd;
    }
}

FolderReader::~FolderReader() {
    if (folder_) ::closedir(folder_);
    if (fd_ >= 0) close(fd_);
}

const FolderItem* FolderReader::next() noexcept {
    errno = 0;
    if (folder_) {
        const dirent* const entry = ::readdir(folder_);
        if (!entry) return nullptr;
        item_ = {.name = entry->d_name, .inode = entry->d_ino, .type = entry->d_type};
        return &item_;
    }
    if (next_ == items_.size()) return nullptr;
    const FileCalls::Item& item = items_[next_++];
    item_ = {.name = item.name.c_str(), .inode = item.inode, .type = item.type};
    return &item_;
}

}  // namespace hocket::sys
