// SPDX-License-Identifier: MIT
// Texts in quotation marks, as parameters of fields have them (RFC 9110, 5.6.4), and names in forms.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// What a backslash in quotes means.
enum class Quoting : std::uint8_t {
    field,  ///< RFC 9110: what follows it stands for itself
    /// The HTML standard's multipart/form-data, which escapes quotes as `%22`: it stands for itself. But where a quote behind one does not
    /// end the text, a program has written it that escapes quotes and backslashes by one, as RFC 2183 has it.
    form,
};

/// `"a\"b"`. Control characters must not be in it.
inline std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

/// Takes such a text off the front, where its first quote is, and gives what it means. Nothing if it does not end.
inline std::optional<std::string> take_quoted(std::string_view& text, Quoting quoting = Quoting::field) {
    const auto is_end_of_value = [&](std::size_t at) {
        at = std::min(text.find_first_not_of(" \t", at), text.size());
        return at == text.size() || text[at] == ';';
    };
    std::string result;
    bool is_escaped = quoting == Quoting::field;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            if (!is_escaped) result = text.substr(1, i - 1);
            text.remove_prefix(i + 1);
            return result;
        }
        if (text[i] == '\\') {
            const char next = i + 1 < text.size() ? text[i + 1] : '\0';
            if (quoting == Quoting::field) {
                if (++i == text.size()) break;
            } else if (next == '"' && !is_end_of_value(i + 2)) {
                is_escaped = true;
                ++i;
            } else if (next == '\\') {
                ++i;
            }
        }
        result += text[i];
    }
    return std::nullopt;
}

}  // namespace hocket::http
