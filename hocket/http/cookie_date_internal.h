// SPDX-License-Identifier: MIT
// The dates that servers write into cookies, in whatever form.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hocket::http {

/// The seconds since 1970-01-01 UTC that the attribute Expires of a cookie means (RFC 6265bis, 5.1.1): time, day, month and year in any
/// order, whatever stands between and around them. Nothing for what names no second of the years from 1601 on.
std::optional<std::int64_t> parse_cookie_date(std::string_view text) noexcept;

}  // namespace hocket::http
