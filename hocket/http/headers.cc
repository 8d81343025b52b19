// SPDX-License-Identifier: MIT
// Header fields, and what their names and values may be made of.
#include <hocket/http/headers.h>

#include <hocket/base/errors.h>
#include <hocket/http/reading_internal.h>

#include <algorithm>
#include <utility>

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
    reserve(fields.size());
    for (const auto& [name, value] : fields) add(name, value);
}

void Headers::reserve(std::size_t fields) {
    constexpr std::size_t usual_line = 32;
    lines_.reserve(fields * usual_line);
    places_.reserve(fields);
}

void Headers::clear() noexcept {
    lines_.clear();
    places_.clear();
}

void Headers::add(std::string_view name, std::string_view value) { add_checked(name, checked(name, value)); }

void Headers::add_checked(std::string_view name, std::string_view value) {
    const std::size_t line = lines_.size();
    const std::size_t end = line + name.size() + value.size() + std::string_view(": \r\n").size();
    places_.push_back({line, name.size(), value.size()});
    if (end > lines_.capacity()) {  // either view may point into it
        std::string larger;
        larger.reserve(std::max(end, 2 * lines_.capacity()));
        larger.append(lines_).append(name).append(": ").append(value).append("\r\n");
        lines_ = std::move(larger);
        return;
    }
    lines_.resize(end);
    char* to = lines_.data() + line;
    to += name.copy(to, name.size());
    *to++ = ':';
    *to++ = ' ';
    to += value.copy(to, value.size());
    *to++ = '\r';
    *to = '\n';
}

void Headers::extend(const Headers& more) {
    const std::size_t line = lines_.size(), count = more.size();  // `more` may be this
    for (std::size_t i = 0; i < count; ++i) {
        Place place = more.places_[i];
        place.line += line;
        places_.push_back(place);
    }
    lines_ += more.lines_;
}

void Headers::set(std::string_view name, std::string_view value) {
    value = checked(name, value);
    if (!contains(name)) return add_checked(name, value);
    Headers changed;  // either view may point into what there is
    changed.reserve(size());
    bool is_set = false;
    for (const Field field : *this) {
        if (!equal_without_case(field.name, name)) {
            changed.add_checked(field.name, field.value);
        } else if (!std::exchange(is_set, true)) {
            changed.add_checked(name, value);
        }
    }
    *this = std::move(changed);
}

std::size_t Headers::remove(std::string_view name) {
    if (!contains(name)) return 0;
    Headers left;
    left.reserve(size());
    for (const Field field : *this) {
        if (!equal_without_case(field.name, name)) left.add_checked(field.name, field.value);
    }
    const std::size_t removed = size() - left.size();
    *this = std::move(left);
    return removed;
}

bool Headers::contains(std::string_view name) const noexcept { return get(name).has_value(); }

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
    for (const Place& place : places_) {
        if (is_at(place, name)) return value_at(place);
    }
    return std::nullopt;
}

std::vector<std::string_view> Headers::get_all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const Place& place : places_) {
        if (is_at(place, name)) values.push_back(value_at(place));
    }
    return values;
}

std::string Headers::combined(std::string_view name) const {
    std::string list;
    bool first = true;
    for (const Place& place : places_) {
        if (!is_at(place, name)) continue;
        if (!first) list += ", ";
        list += value_at(place);
        first = false;
    }
    return list;
}

bool Headers::has_token(std::string_view name, std::string_view token) const noexcept {
    for (const Place& place : places_) {
        if (!is_at(place, name)) continue;
        std::string_view rest = value_at(place);
        while (!rest.empty()) {
            if (equal_without_case(take_element(rest), token)) return true;
        }
    }
    return false;
}

}  // namespace hocket::http
