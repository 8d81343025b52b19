// SPDX-License-Identifier: MIT
// Searches the variables of a process for the table of offsets.
#include <hocket/inspect/find_layout_internal.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace hocket::inspect {

namespace {

constexpr std::size_t piece = 1 << 20;  // of the memory that is searched

std::optional<Layout> find_layout(std::span<const std::byte> bytes, std::uint32_t& other) {
    const Layout& own = hocket_layout;
    for (std::size_t i = 0; i + sizeof(Layout) <= bytes.size(); i += alignof(Layout)) {
        if (std::memcmp(bytes.data() + i, own.magic, sizeof own.magic) != 0) continue;
        Layout found{};
        std::memcpy(&found, bytes.data() + i, sizeof found);
        if (found.version == own.version && found.size == own.size) return found;
        other = found.version;
    }
    return std::nullopt;
}

}  // namespace

// Piece by piece, each with the beginning of the next; what cannot be read is left out.
std::optional<Layout> find_layout(const Memory& memory, std::uint32_t& other) {
    std::vector<std::byte> bytes;
    for (const Memory::Range& range : memory.variables()) {
        for (std::uint64_t begin = range.begin; begin < range.end; begin += piece) {
            bytes.resize(std::min<std::uint64_t>(range.end - begin, piece + sizeof(Layout)));
            if (!memory.read(begin, bytes)) continue;
            if (const std::optional<Layout> found = find_layout(bytes, other)) return found;
        }
    }
    return std::nullopt;
}

}  // namespace hocket::inspect
