// SPDX-License-Identifier: MIT
// Lines on disk, each behind a checksum.
#include "journal.h"

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

using namespace hocket;

namespace kv {

namespace {

// FNV-1a, which is the same everywhere.
std::string checksum(std::string_view line) {
    std::uint64_t sum = 0xcbf29ce484222325;
    for (const char c : line) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return std::to_string(sum);
}

std::string bytes_of(const std::vector<std::string>& lines) {
    std::string bytes;
    for (const std::string& line : lines) bytes += checksum(line) + " " + line + "\n";
    return bytes;
}

// Up to the first that is torn or lost: no save has returned that wrote what is behind it.
std::vector<std::string> lines_of(std::string_view bytes) {
    std::vector<std::string> lines;
    for (std::size_t end; (end = bytes.find('\n')) != bytes.npos; bytes.remove_prefix(end + 1)) {
        const std::string_view whole = bytes.substr(0, end);
        const std::size_t space = whole.find(' ');
        if (space == whole.npos) break;
        const std::string_view line = whole.substr(space + 1);
        if (whole.substr(0, space) != checksum(line)) break;
        lines.emplace_back(line);
    }
    return lines;
}

}  // namespace

Coro<std::vector<std::string>> Journal::open(std::string path) {
    std::vector<std::string> lines;
    const bool exists = co_await fs::exists(path);
    if (exists) lines = lines_of(co_await fs::read_bytes(path));
    // All is written once more: new lines must not stand behind a torn one, and what a failed fsync has left in memory is not on the disk.
    file_ = co_await fs::open(path + ".new", "wb", {.buffering = 0});
    whole_ = true;
    co_await save(lines);
    co_await fs::replace(path + ".new", path);
    co_await file_->fsync();  // the new name, too
    co_return lines;
}

Coro<> Journal::save(std::vector<std::string> lines) {
    if (!std::exchange(whole_, false)) throw OSError(EIO, "save to the journal");
    try {
        co_await file_->write(bytes_of(lines));
        co_await file_->fsync();
    } catch (const OSError&) {
        failed_ = true;
        throw;
    }
    whole_ = true;
}

}  // namespace kv
