// SPDX-License-Identifier: MIT
// Characters and their classes.
#include <hocket/http/text.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace hocket::http {

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::array<bool, 256> token_characters = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
    for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = table[static_cast<unsigned char>(c - 'A' + 'a')] = true;
    return table;
}();

bool has_no_control(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < ' ' && c != '\t') || byte == 0x7f;
    });
}

// Whether one of eight bytes is below 32 or is 127: a borrow reaches the highest bit of a byte that is too small, of a byte that was not set.
constexpr bool has_control(std::uint64_t word) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    const std::uint64_t del = word ^ (ones * 0x7f);
    return ((((word - ones * ' ') & ~word) | ((del - ones) & ~del)) & high) != 0;
}

}  // namespace

bool same_letters(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return x == y || lower(x) == lower(y); });
}

std::string lowered(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = lower(c);
    return result;
}

std::string raised(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return result;
}

bool is_ascii(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::size_t token_size(std::string_view text) noexcept {
    std::size_t size = 0;
    while (size < text.size() && token_characters[static_cast<unsigned char>(text[size])]) ++size;
    return size;
}

bool is_token(std::string_view text) noexcept { return !text.empty() && token_size(text) == text.size(); }

bool is_field_value(std::string_view text) noexcept {
    // Eight bytes at a time; where one of them is a control character, each is looked at, since it may be a tab.
    constexpr std::size_t step = sizeof(std::uint64_t);
    if (text.size() < step) return has_no_control(text);
    for (std::size_t at = 0;; at = std::min(at + step, text.size() - step)) {  // the last eight overlap those before
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, step);
        if (has_control(word) && !has_no_control(text.substr(at, step))) return false;
        if (at + step == text.size()) return true;
    }
}

std::string_view trim(std::string_view text) noexcept {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string escaped(std::string_view text, std::size_t most) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result;
    for (const char c : text.substr(0, most)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\r') {
            result += "\\r";
        } else if (c == '\n') {
            result += "\\n";
        } else if (c == '\t') {
            result += "\\t";
        } else if (c == '"' || c == '\\') {
            result.append(1, '\\').append(1, c);
        } else if (byte < ' ' || byte > '~') {
            result.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        } else {
            result += c;
        }
    }
    if (text.size() > most) result += "...";
    return result;
}

std::string in_quotes(std::string_view text) { return '"' + escaped(text) + '"'; }

}  // namespace hocket::http
