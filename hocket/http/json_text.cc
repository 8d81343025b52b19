// SPDX-License-Identifier: MIT
// Strings as JSON writes them: RFC 8259, 7.
#include <hocket/http/json_text.h>

#include <hocket/base/errors.h>
#include <hocket/base/utf_8_internal.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

namespace {

void append_control(std::string& to, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    to.append("\\u00").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
}

}  // namespace

void throw_json_unwritable(std::string_view why) { throw ValueError("write JSON: " + escaped(why, 200)); }

void append_json_string(std::string& to, std::string_view text) {
    to += '"';
    while (!text.empty()) {
        const std::size_t size = utf_8_sequence(text);
        const char c = text[0];
        if (size != 1) {
            to += size == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, size);
        } else if (c == '"' || c == '\\') {
            to.append(1, '\\').append(1, c);
        } else if (c == '\n') {
            to += "\\n";
        } else if (static_cast<unsigned char>(c) < ' ') {
            append_control(to, c);
        } else {
            to += c;
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    to += '"';
}

std::size_t json_depth(std::string_view text) noexcept {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string && c == '\\') {
            ++i;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '[' || c == '{')) {
            deepest = std::max(deepest, ++depth);
        } else if (!in_string && (c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

}  // namespace hocket::http
