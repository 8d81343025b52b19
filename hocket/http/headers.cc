// SPDX-License-Identifier: MIT
// Header fields, and what their names and values may be made of.
#include <hocket/http/headers.h>

#include <hocket/base/errors.h>

#include <algorithm>
#include <array>

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

// The value as it is kept.
std::string_view checked(std::string_view name, std::string_view value) {
    if (!is_token(name)) throw ValueError("add header field: the name " + quoted(name) + " is no token");
    value = trim(value);
    if (!is_field_value(value)) {
        throw ValueError("add header field " + std::string(name) + ": a control character in the value " +
                         quoted(value));
    }
    return value;
}

}  // namespace

Headers::Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    fields_.reserve(fields.size());
    for (const auto& [name, value] : fields) add(name, value);
}

void Headers::add(std::string_view name, std::string_view value) {
    value = checked(name, value);
    fields_.push_back({std::string(name), std::string(value)});
}

void Headers::set(std::string_view name, std::string_view value) {
    value = checked(name, value);
    const auto same = [name](const Field& field) { return equal_without_case(field.name, name); };
    const auto first = std::find_if(fields_.begin(), fields_.end(), same);
    // Either view may point into what is about to change.
    Field field{std::string(name), std::string(value)};
    if (first == fields_.end()) {
        fields_.push_back(std::move(field));
        return;
    }
    const auto is_other = [&](const Field& other) { return equal_without_case(other.name, field.name); };
    fields_.erase(std::remove_if(first + 1, fields_.end(), is_other), fields_.end());
    *first = std::move(field);
}

std::size_t Headers::remove(std::string_view name) {
    const std::string kept(name);  // it may be a view of a field that goes
    return std::erase_if(fields_, [&](const Field& field) { return equal_without_case(field.name, kept); });
}

bool Headers::contains(std::string_view name) const noexcept { return get(name).has_value(); }

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
    for (const Field& field : fields_) {
        if (equal_without_case(field.name, name)) return field.value;
    }
    return std::nullopt;
}

std::vector<std::string_view> Headers::get_all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const Field& field : fields_) {
        if (equal_without_case(field.name, name)) values.emplace_back(field.value);
    }
    return values;
}

std::string Headers::combined(std::string_view name) const {
    std::string list;
    bool first = true;
    for (const Field& field : fields_) {
        if (!equal_without_case(field.name, name)) continue;
        if (!first) list += ", ";
        list += field.value;
        first = false;
    }
    return list;
}

bool Headers::has_token(std::string_view name, std::string_view token) const noexcept {
    for (const Field& field : fields_) {
        if (!equal_without_case(field.name, name)) continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::size_t comma = rest.find(',');
            if (equal_without_case(trim(rest.substr(0, comma)), token)) return true;
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        }
    }
    return false;
}

bool equal_without_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return token_characters[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < ' ' && c != '\t') || byte == 0x7f;
    });
}

std::string_view trim(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string quoted(std::string_view text) {
    constexpr std::size_t shown = 64;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result = "\"";
    for (const char c : text.substr(0, shown)) {
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
    return result + (text.size() > shown ? "\"..." : "\"");
}

}  // namespace hocket::http
