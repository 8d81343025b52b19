// SPDX-License-Identifier: MIT
// Bytes as hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

namespace hocket::http {

/// `0fa0`
inline std::string in_hexadecimal(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text.append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    }
    return text;
}

}  // namespace hocket::http
