// SPDX-License-Identifier: MIT
// The names of simulated files: how they are looked up, changed, and saved, and what a crash leaves of them.
#include <hocket/io/sim_files_internal.h>

#include <hocket/io/sim_kernel_internal.h>

#include <algorithm>
#include <climits>
#include <set>
#include <utility>

namespace hocket::sim {

namespace {
constexpr int most_links = 40;  // as Linux
constexpr std::size_t longest_name = 255;

std::string_view without_slashes(std::string_view path) noexcept {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    return path;
}
}  // namespace

FileSystem::FileSystem(Kernel& kernel) : kernel_(kernel), letters_(kernel.index()), root_(make_inode(S_IFDIR | 0755)) {
    root_->names = 1;
    const auto at_first = [&](const char* path, mode_t mode) {
        Place place;
        look_up(path, Last::itself, place);
        make(place, make_inode(mode));
    };
    at_first("/tmp", S_IFDIR | S_ISVTX | 0777);
    at_first("/dev", S_IFDIR | 0755);
    at_first("/dev/null", S_IFCHR | 0666);
    for (const Operation& operation : std::exchange(operations_, {})) apply(operation);
    made_ = true;
}

FileSystem::~FileSystem() {
    operations_.clear();
    std::vector<Shared<Inode>> parents;  // folders may have each other
    std::vector<Inode::Names> names;
    for (const auto& [number, inode] : all_) {
        parents.push_back(std::move(inode->parent));
        names.push_back(std::move(inode->entries));
        names.push_back(std::move(inode->durable_entries));
    }
}

std::int64_t FileSystem::now() const noexcept { return kernel_.network().schedule.now(); }
std::int64_t FileSystem::wall_time() const noexcept { return kernel_.wall_time(); }
Choices& FileSystem::choices() const noexcept { return kernel_.network().choices; }
const DiskConfig& FileSystem::config() const noexcept { return kernel_.network().disk; }
bool FileSystem::has_room(std::uint64_t sectors) const noexcept {
    return (sectors_ + sectors) * sector_size <= config().capacity;
}
int FileSystem::fails() {
    if (!made_ || !choices().chance(config().eio)) return 0;
    kernel_.tell("cannot use a file (EIO)", Told::small);
    return -EIO;
}

bool FileSystem::is_full() {
    if (!made_ || !choices().chance(config().enospc)) return false;
    kernel_.tell("finds no space on its disk (ENOSPC)", Told::small);
    return true;
}

// ---- Looking up

int FileSystem::look_up(const Shared<Inode>& from, std::string_view path, Last last, bool beneath, Place& place) {
    if (path.empty()) return -ENOENT;
    if (path.size() >= PATH_MAX) return -ENAMETOOLONG;
    std::string rest(path);
    Shared<Inode> here = from;
    int links = 0;
    const auto begin_at_root = [&] {
        if (!rest.starts_with('/')) return true;
        here = root_;
        return !beneath;
    };
    if (!begin_at_root()) return -EXDEV;
    for (;;) {
        rest = without_slashes(rest);
        if (!here->is_folder()) return -ENOTDIR;
        if (rest.empty()) {
            place = {.folder = {}, .name = {}, .inode = here, .slash = true};
            return 0;
        }
        const std::string name = rest.substr(0, rest.find('/'));
        rest.erase(0, name.size());
        const bool slash = !rest.empty(), is_last = without_slashes(rest).empty();
        if (name.size() > longest_name) return -ENAMETOOLONG;
        if (name == "." || name == "..") {
            if (name == ".." && beneath && here == from) return -EXDEV;
            if (name == ".." && here != root_) here = here->parent;
            if (!here) return -ENOENT;
            if (!is_last) continue;
            place = {.folder = {}, .name = name, .inode = here, .slash = slash};
            return 0;
        }
        const auto found = here->entries.find(name);
        if (found == here->entries.end()) {
            if (!is_last) return -ENOENT;
            place = {.folder = here, .name = name, .inode = {}, .slash = slash};
            return 0;
        }
        const Shared<Inode> next = found->second;
        const bool follows = !is_last || last == Last::followed || (last == Last::followed_with_slash && slash);
        if (next->is_link() && follows) {
            if (++links > most_links) return -ELOOP;
            rest.insert(0, next->target);
            if (rest.size() >= PATH_MAX) return -ENAMETOOLONG;
            if (!begin_at_root()) return -EXDEV;
            continue;
        }
        if (slash && !next->is_folder()) return -ENOTDIR;
        if (is_last) {
            place = {.folder = here, .name = name, .inode = next, .slash = slash};
            return 0;
        }
        here = next;
    }
}

int FileSystem::status(const Shared<Inode>& from, std::string_view path, bool follow, sys::Status& status) {
    Place place;
    const Last last = follow ? Last::followed : Last::followed_with_slash;
    if (const int result = look_up(from, path, last, false, place); result < 0) return result;
    if (!place.inode) return -ENOENT;
    status_of(*place.inode, status);
    return 0;
}

// The superuser may do everything, but run what nobody may.
int FileSystem::access(std::string_view path, int mode) {
    Place place;
    if ((mode & ~(R_OK | W_OK | X_OK)) != 0) return -EINVAL;
    if (const int result = look_up(path, Last::followed, place); result < 0) return result;
    if (!place.inode) return -ENOENT;
    const bool may_be_run = place.inode->is_folder() || (place.inode->mode & 0111) != 0;
    return (mode & X_OK) != 0 && !may_be_run ? -EACCES : 0;
}

std::int64_t FileSystem::readlink(std::string_view path, char* to, std::size_t size) {
    Place place;
    if (const int result = look_up(path, Last::followed_with_slash, place); result < 0) return result;
    if (!place.inode) return -ENOENT;
    if (!place.inode->is_link()) return -EINVAL;
    return static_cast<std::int64_t>(place.inode->target.copy(to, size));
}

// ---- Making

int FileSystem::check_new(const Place& place) const {
    if (place.inode) return -EEXIST;
    return place.folder->names == 0 ? -ENOENT : 0;  // the folder was removed
}

int FileSystem::make(const Place& place, Shared<Inode> inode) {
    if (const int result = check_new(place); result < 0) return result;
    if (!has_room(1) || is_full()) return -ENOSPC;
    ++inode->names;
    if (inode->is_folder()) inode->parent = place.folder;
    place.folder->entries[place.name] = inode;
    record({{place.folder, place.name, std::move(inode)}});
    return 0;
}

int FileSystem::open(const Shared<Inode>& from, std::string_view path, int flags, mode_t mode, bool beneath,
                     Shared<OpenFile>& opened) {
    const bool writes = (flags & O_ACCMODE) != O_RDONLY, only_place = (flags & O_PATH) != 0;
    const bool makes = (flags & O_CREAT) != 0 && !only_place, must_be_new = makes && (flags & O_EXCL) != 0;
    const bool follow = (flags & O_NOFOLLOW) == 0 && !must_be_new;
    Place place;
    const Last last = follow ? Last::followed : Last::followed_with_slash;
    if (const int result = look_up(from, path, last, beneath, place); result < 0) return result;
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        if (!place.inode) return -ENOENT;
        if (!place.inode->is_folder()) return -ENOTDIR;
        if (!writes) return -EINVAL;
        opened = make_unnamed(flags, mode);
        return 0;
    }
    if (!place.inode) {
        if (!makes) return -ENOENT;
        if (place.slash) return -EISDIR;
        const Shared<Inode> inode = make_inode(S_IFREG | (mode & 07777 & ~umask));
        if (const int result = make(place, inode); result < 0) return result;
        opened = Shared<OpenFile>::make(inode, flags);
        return 0;
    }
    const Inode& inode = *place.inode;
    if (must_be_new) return -EEXIST;
    if ((flags & O_DIRECTORY) != 0 && !inode.is_folder()) return -ENOTDIR;
    if (!only_place) {
        if (inode.is_link() || S_ISSOCK(inode.mode)) return inode.is_link() ? -ELOOP : -ENXIO;
        if (inode.is_folder() && (writes || makes || (flags & O_TRUNC) != 0)) return -EISDIR;
        if (writes && (flags & O_TRUNC) != 0 && inode.is_file()) place.inode->truncate(0);
    }
    opened = Shared<OpenFile>::make(place.inode, flags);
    return 0;
}

int FileSystem::mkdir(std::string_view path, mode_t mode) {
    Place place;
    if (const int result = look_up(path, Last::itself, place); result < 0) return result;
    return make(place, make_inode(S_IFDIR | (mode & 01777 & ~umask)));
}

int FileSystem::symlink(std::string_view target, std::string_view path) {
    Place place;
    if (target.empty()) return -ENOENT;
    if (target.size() >= PATH_MAX) return -ENAMETOOLONG;
    if (const int result = look_up(path, Last::itself, place); result < 0) return result;
    if (!place.inode && place.slash) return -ENOENT;
    const Shared<Inode> inode = make_inode(S_IFLNK | 0777);
    inode->target = target;
    return make(place, inode);
}

int FileSystem::link(std::string_view path, std::string_view other) {
    Place old, place;
    if (const int result = look_up(path, Last::followed_with_slash, old); result < 0) return result;
    if (!old.inode) return -ENOENT;
    if (const int result = look_up(other, Last::itself, place); result < 0) return result;
    if (place.inode) return -EEXIST;
    if (place.slash) return -ENOENT;
    if (old.inode->is_folder()) return -EPERM;
    old.inode->changed = wall_time();
    return make(place, old.inode);
}

std::string FileSystem::draw_letters() {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string drawn;
    for (int i = 0; i < 6; ++i) drawn += letters[letters_.next() % letters.size()];
    return drawn;
}

// ---- Removing and renaming

void FileSystem::forget(Inode& inode) {
    --inode.names;
    inode.changed = wall_time();
    if (inode.is_folder()) inode.parent = nullptr;
}

int FileSystem::remove(const Shared<Inode>& from, std::string_view path, bool folder) {
    Place place;
    if (const int result = look_up(from, path, Last::itself, false, place); result < 0) return result;
    if (!place.inode) return -ENOENT;
    Inode& inode = *place.inode;
    if (!folder && inode.is_folder()) return -EISDIR;
    if (folder && !inode.is_folder()) return -ENOTDIR;
    if (place.name == ".") return -EINVAL;
    if (!place.folder && place.name.empty()) return -EBUSY;
    if (!place.folder || !inode.entries.empty()) return -ENOTEMPTY;
    place.folder->entries.erase(place.name);
    forget(inode);
    record({{place.folder, place.name, nullptr}});
    return 0;
}

int FileSystem::rename(std::string_view from, std::string_view to) {
    Place old, place;
    if (const int result = look_up(from, Last::itself, old); result < 0) return result;
    if (const int result = look_up(to, Last::itself, place); result < 0) return result;
    if (!old.folder || !place.folder) return !old.inode ? -ENOENT : -EBUSY;
    if (!old.inode) return -ENOENT;
    const bool moves_folder = old.inode->is_folder();
    if (!moves_folder && place.slash) return -ENOTDIR;
    if (place.folder->names == 0) return -ENOENT;
    for (Shared<Inode> around = place.folder; moves_folder && around; around = around->parent) {
        if (around == old.inode) return -EINVAL;
    }
    if (place.inode == old.inode) return 0;
    if (place.inode) {
        if (moves_folder && !place.inode->is_folder()) return -ENOTDIR;
        if (!moves_folder && place.inode->is_folder()) return -EISDIR;
        if (!place.inode->entries.empty()) return -ENOTEMPTY;
        forget(*place.inode);
    }
    old.folder->entries.erase(old.name);
    place.folder->entries[place.name] = old.inode;
    if (moves_folder) old.inode->parent = place.folder;
    old.inode->changed = wall_time();
    const bool elsewhere = old.folder != place.folder;
    record({{old.folder, old.name, nullptr}, {place.folder, place.name, old.inode}}, moves_folder && elsewhere);
    return 0;
}

// ---- What is durable

void FileSystem::record(std::vector<Change> changes, bool moves_folder) {
    for (const Change& change : changes) change.folder->modified = change.folder->changed = wall_time();
    const auto first = std::ranges::find_if(operations_, [&](const Operation& o) { return !is_written_back(o.when); });
    std::for_each(operations_.begin(), first, apply);
    operations_.erase(operations_.begin(), first);
    operations_.push_back({.changes = std::move(changes), .when = now(), .moves_folder = moves_folder});
}

void FileSystem::apply(const Operation& operation) {
    for (const Change& change : operation.changes) {
        if (change.inode) {
            change.folder->durable_entries[change.name] = change.inode;
        } else {
            change.folder->durable_entries.erase(change.name);
        }
    }
}

// From the last operation back to the first: one that is to be saved needs those before it on the same folders, and their names.
void FileSystem::save_names_of(const Inode& inode) {
    std::set<const Inode*> named = {&inode}, folders;
    if (inode.is_folder()) folders.insert(&inode);
    bool all = false, any = false;
    std::vector<bool> saved(operations_.size());
    for (std::size_t i = operations_.size(); i-- > 0;) {
        const Operation& operation = operations_[i];
        saved[i] =
            all || (any && operation.moves_folder) || std::ranges::any_of(operation.changes, [&](const Change& change) {
                return folders.contains(change.folder.get()) || named.contains(change.inode.get());
            });
        if (!saved[i]) continue;
        any = true;
        all = all || operation.moves_folder;
        for (const Change& change : operation.changes) {
            folders.insert(change.folder.get());
            named.insert(change.folder.get());
        }
    }
    std::vector<Operation> rest;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
        if (saved[i]) {
            apply(operations_[i]);
        } else {
            rest.push_back(std::move(operations_[i]));
        }
    }
    operations_ = std::move(rest);
}

bool FileSystem::is_written_back(std::int64_t when) const noexcept {
    return when + config().writeback.count() <= now();
}

bool FileSystem::is_lost() {
    const bool lost = config().lost >= 1 || choices().chance(config().lost);
    if (lost) ++lost_;
    return lost;
}

void FileSystem::crash() {
    std::set<const Inode*> ended;  // folders of which an operation was lost
    bool all_ended = false;
    for (const Operation& operation : std::exchange(operations_, {})) {
        const bool cannot = all_ended || (operation.moves_folder && !ended.empty()) ||
                            std::ranges::any_of(operation.changes, [&](const Change& change) {
                                return ended.contains(change.folder.get());
                            });
        if (!cannot && (is_written_back(operation.when) || !is_lost())) {
            apply(operation);
            continue;
        }
        all_ended = all_ended || operation.moves_folder;
        for (const Change& change : operation.changes) ended.insert(change.folder.get());
    }
    take_over_names();
    for (const auto& [number, inode] : all_) inode->settle();
    if (const std::size_t count = std::exchange(lost_, 0); count > 0 && kernel_.network().tells())
        kernel_.tell("loses what its disk did not have (" + std::to_string(count) + ")");
}

// What programs see is what the disk has; what no name leads to is gone.
void FileSystem::take_over_names() {
    std::vector<Inode::Names> before;
    for (const auto& [number, inode] : all_) {
        before.push_back(std::exchange(inode->entries, {}));
        inode->parent = nullptr;
        inode->names = 0;
    }
    root_->names = 1;
    std::vector<Shared<Inode>> folders = {root_};
    while (!folders.empty()) {
        const Shared<Inode> folder = std::move(folders.back());
        folders.pop_back();
        folder->entries = folder->durable_entries;
        for (const auto& [name, inode] : folder->entries) {
            ++inode->names;
            if (!inode->is_folder()) continue;
            inode->parent = folder;
            folders.push_back(inode);
        }
    }
    for (const auto& [number, inode] : all_) {
        if (inode->names == 0) before.push_back(std::move(inode->durable_entries));
    }
}

}  // namespace hocket::sim
