// SPDX-License-Identifier: MIT
// The bytes of simulated files: what was written, what of it is durable, and what a crash leaves.
#include <hocket/io/sim_files_internal.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace hocket::sim {

void Contents::read(std::uint64_t offset, char* to, std::size_t count) const {
    std::fill_n(to, count, '\0');
    const std::uint64_t end = offset + count;
    for (auto s = sectors.lower_bound(offset / sector_size); s != sectors.end(); ++s) {
        const std::uint64_t begins = s->first * sector_size;
        if (begins >= end) return;
        const std::uint64_t from = std::max(begins, offset), until = std::min(begins + sector_size, end);
        std::memcpy(to + (from - offset), s->second.data() + (from - begins), until - from);
    }
}

void Contents::cut(std::uint64_t to) {
    if (to >= size) return;
    sectors.erase(sectors.lower_bound((to + sector_size - 1) / sector_size), sectors.end());
    if (const auto last = sectors.find(to / sector_size); last != sectors.end())
        std::fill(last->second.begin() + static_cast<std::ptrdiff_t>(to % sector_size), last->second.end(), '\0');
    size = to;
}

Inode::Inode(FileSystem& of, mode_t how)
    : files(of), number(++of.last_number_), mode(how), modified(of.wall_time()), changed(modified) {
    of.all_.emplace(number, this);
}

Inode::~Inode() {
    files.all_.erase(number);
    files.sectors_ -= now.sectors.size();
}

// A file that is dirty is so since its first change: however often it is changed again, the system writes it in time, as it is then.
void Inode::about_to_change() {
    write_back();
    if (!dirty_since) dirty_since = files.now();
}

void Inode::write_back() {
    if (dirty_since && files.is_written_back(*dirty_since)) save();
}

std::int64_t Inode::write(std::uint64_t offset, const char* data, std::size_t count) {
    about_to_change();
    std::size_t done = 0;
    while (done < count) {
        const std::uint64_t place = offset + done, index = place / sector_size, within = place % sector_size;
        auto sector = now.sectors.find(index);
        if (sector == now.sectors.end()) {
            if (!files.has_room(1)) break;
            sector = now.sectors.try_emplace(index).first;  // zeros
            ++files.sectors_;
        }
        const std::size_t piece = std::min<std::size_t>(count - done, sector_size - within);
        std::memcpy(sector->second.data() + within, data + done, piece);
        dirty.insert(index);
        done += piece;
    }
    if (done == 0 && count > 0) return -ENOSPC;
    now.size = std::max<std::uint64_t>(now.size, offset + done);
    modified = changed = files.wall_time();
    return static_cast<std::int64_t>(done);
}

void Inode::truncate(std::uint64_t size) {
    about_to_change();
    const std::size_t before = now.sectors.size();
    if (size < now.size) {
        now.cut(size);
        dirty.erase(dirty.lower_bound((size + sector_size - 1) / sector_size), dirty.end());
        if (size < durable.size) cut = std::min(size, cut.value_or(size));
    }
    now.size = size;
    files.sectors_ -= before - now.sectors.size();
    modified = changed = files.wall_time();
}

void Inode::save() {
    if (cut) durable.cut(*cut);
    cut.reset();
    dirty_since.reset();
    durable.size = now.size;
    for (const std::uint64_t index : std::exchange(dirty, {})) {
        if (const auto sector = now.sectors.find(index); sector != now.sectors.end())
            durable.sectors[index] = sector->second;
    }
}

void Inode::settle() {
    write_back();
    Contents left = std::move(durable);
    // Where the cut is lost, so is what was written later: it lies in other places of the disk, to which nothing leads.
    const bool stays_whole = cut && files.is_lost();
    if (!stays_whole) {
        if (cut) left.cut(*cut);
        if (now.size > left.size && !files.is_lost()) left.size = now.size;
        for (const std::uint64_t index : dirty) {
            if (index * sector_size >= left.size || files.is_lost()) continue;
            const Contents::Sector& written = now.sectors[index];
            std::size_t count = sector_size;
            if (files.choices().chance(files.config().torn)) count = 1 + files.choices().choose(sector_size - 1);
            std::copy_n(written.begin(), count, left.sectors[index].begin());
        }
        const std::uint64_t end = left.size++;
        left.cut(end);  // what survives of the last sector ends with the file
    }
    files.sectors_ -= now.sectors.size();
    now = left;
    files.sectors_ += now.sectors.size();
    durable = std::move(left);
    dirty.clear();
    cut.reset();
    dirty_since.reset();
}

}  // namespace hocket::sim
