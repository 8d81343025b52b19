// SPDX-License-Identifier: MIT
// What is UTF-8 and what is not: RFC 3629, without surrogates and overlong forms.
#pragma once

#include <cstddef>
#include <string_view>

namespace hocket {

/// The size of the sequence at the beginning of `text`; 0: there is none.
std::size_t utf_8_sequence(std::string_view text) noexcept;
/// Whether `text`, which does not begin with a sequence, would with more bytes behind it.
bool utf_8_cut_off(std::string_view text) noexcept;
/// The size of what at the beginning of `text`, where there is no sequence, counts as one mistake: what could have become a sequence, or one
/// byte (Unicode 3.9, U+FFFD substitution of maximal subparts).
std::size_t utf_8_mistake(std::string_view text) noexcept;
/// How many bytes at the beginning of `text` are whole sequences.
std::size_t utf_8_prefix(std::string_view text) noexcept;
/// How many characters `text` has, which is UTF-8.
std::size_t utf_8_characters(std::string_view text) noexcept;
/// The size of the sequence that begins with this byte, in a text that is UTF-8.
constexpr std::size_t utf_8_size(char first) noexcept {
    const auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

}  // namespace hocket
