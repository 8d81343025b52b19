// SPDX-License-Identifier: MIT
// Texts in quotation marks, as parameters of fields have them (RFC 9110, 5.6.4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// `"a\"b"`. Control characters must not be in it.
inline std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

/// Takes such a text off the front, and gives what it means. Nothing if it does not end.
inline std::optional<std::string> take_quoted(std::string_view& text) {
    std::string result;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return result;
        }
        if (text[i] == '\\' && ++i == text.size()) break;
        result += text[i];
    }
    return std::nullopt;
}

}  // namespace hocket::http
