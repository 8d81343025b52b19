// SPDX-License-Identifier: MIT
// Texts that nobody can guess.
#pragma once

#include <hocket/core/event_loop.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace hocket::http {

/// 128 bits of the running loop's random numbers, in hexadecimal digits.
inline std::string random_hexadecimal() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (int word = 0; word < 2; ++word) {
        std::uint64_t bits = get_running_loop().backend().entropy();
        for (int i = 0; i < 16; ++i, bits >>= 4) text += digits[bits & 15];
    }
    return text;
}

}  // namespace hocket::http
