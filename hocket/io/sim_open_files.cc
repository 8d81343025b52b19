// SPDX-License-Identifier: MIT
// What is done with simulated files that are open, and by a test from outside.
#include <hocket/io/sim_files_internal.h>

#include <hocket/io/sim_kernel_internal.h>

#include <sys/sysmacros.h>
#include <algorithm>
#include <limits>
#include <utility>

namespace hocket::sim {

namespace {

constexpr std::uint64_t largest_file = std::uint64_t{1} << 44;  // as ext4's
constexpr unsigned devices = 0xF00;                             // no real device has this major number

unsigned char type_of(const Inode& inode) noexcept { return static_cast<unsigned char>(IFTODT(inode.mode)); }

// In no order that a program could rely on, and always the same.
std::uint64_t place_in_list(std::string_view name) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash ^ (hash >> 29);
}

timespec time_of(std::int64_t nanoseconds) noexcept {
    return {.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
}

}  // namespace

// ---- Bytes

std::int64_t FileSystem::read(OpenFile& file, char* to, std::size_t size, std::int64_t offset) {
    Inode& inode = *file.inode;
    if (!file.readable()) return -EBADF;
    if (inode.is_folder()) return -EISDIR;
    if (!inode.is_file()) return 0;
    if (const int result = fails(); result < 0) return result;
    const auto begin = static_cast<std::uint64_t>(offset >= 0 ? offset : file.position);
    if (begin >= inode.now.size) return 0;
    std::uint64_t count = std::min<std::uint64_t>(size, inode.now.size - begin);
    count = std::min<std::uint64_t>(count, std::numeric_limits<int>::max());
    if (count > 1 && choices().chance(kernel_.network().config.short_io))
        count = 1 + choices().choose(static_cast<std::uint32_t>(count));
    inode.now.read(begin, to, count);
    if (offset < 0) file.position = static_cast<std::int64_t>(begin + count);
    return static_cast<std::int64_t>(count);
}

std::int64_t FileSystem::write(OpenFile& file, const char* data, std::size_t size, std::int64_t offset) {
    Inode& inode = *file.inode;
    if (!file.writable()) return -EBADF;
    size = std::min<std::size_t>(size, std::numeric_limits<int>::max());
    if (!inode.is_file()) return static_cast<std::int64_t>(size);
    if (const int result = fails(); result < 0) return result;
    auto begin = static_cast<std::uint64_t>(offset >= 0 ? offset : file.position);
    if ((file.flags & O_APPEND) != 0) begin = inode.now.size;
    if (size == 0) return 0;
    if (is_full()) return -ENOSPC;
    if (begin >= largest_file) return -EFBIG;
    std::size_t count = std::min<std::size_t>(size, largest_file - begin);
    if (count > 1 && choices().chance(kernel_.network().config.short_io))
        count = 1 + choices().choose(static_cast<std::uint32_t>(count));
    const std::int64_t written = inode.write(begin, data, count);
    if (written < 0) return written;
    if (offset < 0) file.position = static_cast<std::int64_t>(begin) + written;
    if ((file.flags & O_DSYNC) != 0) {
        if (const int result = sync(file); result < 0) return result;
    }
    return written;
}

std::int64_t FileSystem::seek(OpenFile& file, std::int64_t offset, int whence) {
    const Inode& inode = *file.inode;
    if ((file.flags & O_PATH) != 0) return -EBADF;
    if (!inode.is_file()) return S_ISCHR(inode.mode) ? 0 : -EINVAL;
    const auto size = static_cast<std::int64_t>(inode.now.size);
    std::int64_t to = offset;
    switch (whence) {
        case SEEK_SET: break;
        case SEEK_CUR:
            if (__builtin_add_overflow(file.position, offset, &to)) return -EOVERFLOW;
            break;
        case SEEK_END:
            if (__builtin_add_overflow(size, offset, &to)) return -EOVERFLOW;
            break;
        case SEEK_DATA:
        case SEEK_HOLE: {
            if (offset < 0 || offset >= size) return -ENXIO;
            const auto& sectors = inode.now.sectors;
            std::uint64_t index = static_cast<std::uint64_t>(offset) / sector_size;
            if (whence == SEEK_DATA) {
                const auto next = sectors.lower_bound(index);
                if (next == sectors.end()) return -ENXIO;
                index = next->first;
            } else {
                while (sectors.contains(index)) ++index;
            }
            to = std::min(std::max(offset, static_cast<std::int64_t>(index * sector_size)), size);
            break;
        }
        default: return -EINVAL;
    }
    if (to < 0 || to > static_cast<std::int64_t>(largest_file)) return -EINVAL;
    return file.position = to;
}

int FileSystem::truncate(OpenFile& file, std::int64_t size) {
    if ((file.flags & O_PATH) != 0) return -EBADF;
    if (size < 0 || !file.writable() || !file.inode->is_file()) return -EINVAL;
    if (static_cast<std::uint64_t>(size) > largest_file) return -EFBIG;
    if (const int result = fails(); result < 0) return result;
    file.inode->truncate(static_cast<std::uint64_t>(size));
    return 0;
}

int FileSystem::sync(OpenFile& file) {
    Inode& inode = *file.inode;
    if ((file.flags & O_PATH) != 0) return -EBADF;
    if (!inode.is_file() && !inode.is_folder()) return -EINVAL;
    if (const int result = fails(); result < 0) {
        inode.dirty.clear();
        return result;
    }
    inode.save();
    save_names_of(inode);
    return 0;
}

Shared<OpenFile> FileSystem::make_unnamed(int flags, mode_t mode) {
    return Shared<OpenFile>::make(make_inode(S_IFREG | (mode & 0777)), flags & ~(O_CREAT | O_EXCL | O_TRUNC));
}

// ---- What is known

void FileSystem::status_of(const Inode& inode, sys::Status& status) const {
    status = {};
    status.st_dev = makedev(devices, static_cast<unsigned>(kernel_.index()));
    status.st_ino = inode.number;
    status.st_mode = inode.mode;
    status.st_nlink = inode.names;
    status.st_blksize = 4096;
    status.st_blocks = static_cast<blkcnt_t>(inode.now.sectors.size());
    status.st_size = static_cast<off_t>(inode.is_link() ? inode.target.size() : inode.now.size);
    if (inode.is_folder()) {
        status.st_size = 4096;
        if (inode.names > 0) {
            status.st_nlink = 2;  // `.` is one, and `..` of each folder in it
            for (const auto& [name, inner] : inode.entries) status.st_nlink += inner->is_folder() ? 1U : 0U;
        }
    }
    if (S_ISCHR(inode.mode)) status.st_rdev = makedev(1, 3);
    status.st_atim = status.st_mtim = time_of(inode.modified);
    status.st_ctim = time_of(inode.changed);
}

int FileSystem::list(const OpenFile& file, std::vector<sys::FileCalls::Item>& items) const {
    const Inode& folder = *file.inode;
    if (!file.readable()) return -EBADF;
    if (!folder.is_folder()) return -ENOTDIR;
    items.clear();
    for (const auto& [name, inode] : folder.entries) items.push_back({name, inode->number, type_of(*inode)});
    std::ranges::sort(items, {}, [](const auto& item) { return std::pair(place_in_list(item.name), item.name); });
    const Inode& around = folder.parent ? *folder.parent : folder;
    items.insert(items.begin(), {{".", folder.number, DT_DIR}, {"..", around.number, DT_DIR}});
    return 0;
}

void FileSystem::status_of_all(sys::Statvfs& status) const {
    status = {};
    status.f_bsize = status.f_frsize = sector_size;
    status.f_blocks = config().capacity / sector_size;
    status.f_bfree = status.f_bavail = status.f_blocks - std::min<std::uint64_t>(status.f_blocks, sectors_);
    status.f_files = std::numeric_limits<std::uint32_t>::max();
    status.f_ffree = status.f_favail = status.f_files - all_.size();
    status.f_namemax = 255;
}

// ---- From outside

Shared<Inode> FileSystem::file_at(std::string_view path) {
    Place place;
    return look_up(path, Last::followed, place) < 0 ? nullptr : place.inode;
}

int FileSystem::put(std::string_view path, std::string_view data) {
    const auto add = [&](const Place& place, mode_t mode) {
        const Shared<Inode> inode = make_inode(mode);
        ++inode->names;
        if (inode->is_folder()) inode->parent = place.folder;
        place.folder->entries[place.name] = inode;
        record({{place.folder, place.name, inode}});
        return inode;
    };
    Place place;
    for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
        if (const int result = look_up(path.substr(0, slash), Last::followed, place); result < 0) return result;
        if (!place.inode) add(place, S_IFDIR | 0755);
    }
    if (const int result = look_up(path, Last::followed, place); result < 0) return result;
    if (!place.inode && place.slash) return -EISDIR;
    const Shared<Inode> inode = place.inode ? place.inode : add(place, S_IFREG | 0644);
    if (!inode->is_file()) return -EISDIR;
    inode->truncate(0);
    const std::int64_t written = inode->write(0, data.data(), data.size());
    if (written < static_cast<std::int64_t>(data.size())) return -ENOSPC;
    inode->save();
    save_names_of(*inode);
    return 0;
}

}  // namespace hocket::sim
