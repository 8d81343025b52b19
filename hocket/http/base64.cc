// SPDX-License-Identifier: MIT
// Three bytes are four letters.
#include <hocket/http/base64_internal.h>

#include <algorithm>
#include <cstddef>

namespace hocket::http {

namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string encode_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(3, bytes.size()))) {
        unsigned group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0);
        }
        for (std::size_t i = 0; i < 4; ++i) text += i > bytes.size() ? '=' : digits[group >> (18 - 6 * i) & 63];
    }
    return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (; !text.empty(); text.remove_prefix(4)) {
        std::string_view letters = text.substr(0, 4);
        if (text.size() == 4) {
            for (int i = 0; i < 2 && letters.ends_with('='); ++i) letters.remove_suffix(1);
        }
        unsigned group = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t digit = i < letters.size() ? digits.find(letters[i]) : 0;
            if (digit == std::string_view::npos) return std::nullopt;
            group = group << 6 | static_cast<unsigned>(digit);
        }
        const std::size_t size = letters.size() - 1;
        if ((group & (0xffffffU >> 8 * size)) != 0) return std::nullopt;
        for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(group >> (16 - 8 * i) & 255);
    }
    return bytes;
}

}  // namespace hocket::http
