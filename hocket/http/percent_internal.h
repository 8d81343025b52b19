// SPDX-License-Identifier: MIT
// Percent-encoding, and the sets of characters that the URL standard encodes in each part of a URL (section 1.3).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hocket::http {

/// Characters that are encoded; all control characters and bytes above 126 are in each set.
class EncodeSet {
public:
    constexpr explicit EncodeSet(std::string_view characters) noexcept {
        for (unsigned byte = 0; byte < 256; ++byte) {
            if (byte < ' ' || byte > '~') bits_[byte / 64] |= bit(byte);
        }
        add(characters);
    }
    constexpr EncodeSet(const EncodeSet& base, std::string_view more) noexcept : bits_(base.bits_) { add(more); }
    constexpr bool has(char c) const noexcept {
        const auto byte = static_cast<unsigned char>(c);
        return (bits_[byte / 64] & bit(byte)) != 0;
    }

private:
    static constexpr std::uint64_t bit(unsigned byte) noexcept { return std::uint64_t{1} << byte % 64; }
    constexpr void add(std::string_view characters) noexcept {
        for (const char c : characters) bits_[static_cast<unsigned char>(c) / 64] |= bit(static_cast<unsigned char>(c));
    }

    std::array<std::uint64_t, 4> bits_{};
};

inline constexpr EncodeSet control_set{""};
inline constexpr EncodeSet fragment_set{" \"<>`"};
inline constexpr EncodeSet query_set{" \"#<>"};
inline constexpr EncodeSet special_query_set{query_set, "'"};
inline constexpr EncodeSet path_set{query_set, "?^`{}"};
inline constexpr EncodeSet userinfo_set{path_set, "/:;=@[\\]|"};
inline constexpr EncodeSet component_set{userinfo_set, "$%&+,"};
inline constexpr EncodeSet form_set{component_set, "!'()~"};

/// Appends `text`, with what is in `set` as `%41`.
inline void append_encoded(std::string& to, std::string_view text, const EncodeSet& set) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        if (!set.has(c)) {
            to += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        to.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
}

/// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace hocket::http
