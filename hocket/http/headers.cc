// SPDX-License-Identifier: MIT
// Header fields, and what their names and values may be made of.
#include <hocket/http/headers.h>

#include <hocket/base/errors.h>
#include <hocket/http/reading_internal.h>

#include <algorithm>

namespace hocket::http {

namespace {

// Values that are secrets of their own, and stand in no message.
bool is_secret(std::string_view name) noexcept {
    for (const std::string_view secret : {"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"}) {
        if (equal_without_case(name, secret)) return true;
    }
    return false;
}

// The value as it is kept.
std::string_view checked(std::string_view name, std::string_view value) {
    if (!is_token(name)) throw ValueError("add header field: the name " + in_quotes(name) + " is no token");
    value = trim(value);
    if (!is_field_value(value)) {
        throw ValueError("add header field " + std::string(name) + ": a control character in the value" +
                         (is_secret(name) ? std::string() : ' ' + in_quotes(value)));
    }
    return value;
}

}  // namespace

Headers::Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    fields_.reserve(fields.size());
    for (const auto& [name, value] : fields) add(name, value);
}

void Headers::add(std::string_view name, std::string_view value) { add_checked(name, checked(name, value)); }

void Headers::add_checked(std::string_view name, std::string_view value) {
    fields_.emplace_back(Field{std::string(name), std::string(value)});
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
            if (equal_without_case(take_element(rest), token)) return true;
        }
    }
    return false;
}

}  // namespace hocket::http
