// SPDX-License-Identifier: MIT
// Small readers that many fields share: parts of a text, elements of a list, digits, numbers.
#pragma once

#include <hocket/http/text.h>

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace hocket::http {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes the part of `text` before `separator`, and that one, off its front; without a separator, all.
inline std::string_view take_until(std::string_view& text, char separator) noexcept {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

/// Takes the first element off a list (RFC 9110, 5.6.1), without the white space around it. It may be empty.
inline std::string_view take_element(std::string_view& list) noexcept { return trim(take_until(list, ',')); }

/// All of `text` as a number: digits, before them a minus where the type has one, and what `std::from_chars` takes for a fraction. Nothing for what is
/// none, and for one that does not fit.
template <class Number>
    requires(std::is_arithmetic_v<Number>)
std::optional<Number> read_number(std::string_view text) noexcept {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace hocket::http
