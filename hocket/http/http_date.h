// SPDX-License-Identifier: MIT
// Dates as HTTP's fields write them: Date, Last-Modified, Expires, If-Modified-Since, Retry-After (RFC 9110, 5.6.7).
#pragma once

#include <hocket/base/config.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// Appends `Sun, 06 Nov 1994 08:49:37 GMT`. `seconds`: since 1970-01-01 UTC; what is before the year 0 or after 9999 is cut to that.
HOCKET_EXPORT void append_http_date(std::string& to, std::int64_t seconds);
/// The same as a text of its own (`email.utils.formatdate(seconds, usegmt=True)`).
HOCKET_EXPORT std::string http_date(std::int64_t seconds);

/// The seconds since 1970-01-01 UTC of a date in one of the three forms (`email.utils.parsedate_to_datetime`):
///
///     Sun, 06 Nov 1994 08:49:37 GMT      that is written today
///     Sunday, 06-Nov-94 08:49:37 GMT     of RFC 850
///     Sun Nov  6 08:49:37 1994           of C's asctime
///
/// Nothing for all else, and for a day that no month has. The name of the day is not compared with the date. `now`, in the same seconds, tells
/// the century of a year of two digits: such a date is no more than 50 years ahead.
HOCKET_EXPORT std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now) noexcept;

}  // namespace hocket::http
