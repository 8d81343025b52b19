// SPDX-License-Identifier: MIT
// UTF-8, sequence by sequence, and a block at a time where all are ASCII; and what is thrown for what is none.
#include <hocket/base/utf_8_internal.h>

#include <hocket/base/unicode_error.h>

#include <algorithm>

namespace hocket {

UnicodeDecodeError::~UnicodeDecodeError() = default;
UnicodeEncodeError::~UnicodeEncodeError() = default;

std::size_t utf_8_sequence(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    if (text.empty()) return 0;
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    const std::size_t size = utf_8_size(text[0]);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return 0;
    }
    const unsigned second = byte(1);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool beyond = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
    return overlong || beyond ? 0 : size;
}

bool utf_8_cut_off(std::string_view text) noexcept {
    if (text.empty()) return false;
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0xc2 || first > 0xf4 || text.size() >= utf_8_size(text[0])) return false;
    if (text.size() == 1) return true;
    char whole[4] = {text[0], text[1], text.size() > 2 ? text[2] : '\x80', '\x80'};
    return utf_8_sequence({whole, utf_8_size(text[0])}) != 0;
}

std::size_t utf_8_mistake(std::string_view text) noexcept {
    std::size_t size = std::min<std::size_t>(text.size(), 3);
    while (size > 1 && !utf_8_cut_off(text.substr(0, size))) --size;
    return size;
}

namespace {

// How many blocks of so many bytes at the beginning of `text` are ASCII, in bytes.
template <std::size_t Block>
std::size_t ascii_prefix(std::string_view text) noexcept {
    std::size_t ascii = 0;
    while (text.size() - ascii >= Block) {
        unsigned char all = 0;
        for (std::size_t i = 0; i < Block; ++i)  // which the compiler makes a few instructions
            all |= static_cast<unsigned char>(text[ascii + i]);
        if (all >= 0x80) break;
        ascii += Block;
    }
    return ascii;
}

}  // namespace

std::size_t utf_8_prefix(std::string_view text) noexcept {
    std::size_t sound = 0;
    for (;;) {
        sound += ascii_prefix<32>(text.substr(sound));
        sound += ascii_prefix<8>(text.substr(sound));
        const std::size_t size = utf_8_sequence(text.substr(sound));
        if (size == 0) return sound;
        sound += size;
    }
}

std::size_t utf_8_characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

}  // namespace hocket
