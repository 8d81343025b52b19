// SPDX-License-Identifier: MIT
// Dates of the calendar, as header fields write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// Appends `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7). `seconds`: since 1970-01-01 UTC, not negative.
void append_http_date(std::string& to, std::int64_t seconds);

/// The seconds since 1970-01-01 UTC that the attribute Expires of a cookie means (RFC 6265bis, 5.1.1): time, day, month and year in any
/// order, whatever stands between and around them. Nothing for what names no second of the years from 1601 on.
std::optional<std::int64_t> parse_cookie_date(std::string_view text) noexcept;

}  // namespace hocket::http
