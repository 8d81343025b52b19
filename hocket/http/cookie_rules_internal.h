// SPDX-License-Identifier: MIT
// What must hold of every cookie, whether it is written, received or loaded.
#pragma once

#include <hocket/http/cookie.h>

#include <cstddef>
#include <string_view>

namespace hocket::http {

/// RFC 6265bis, 5.6: of name and value together.
inline constexpr std::size_t most_bytes_of_a_cookie = 4'096;
/// Of one attribute's value: a longer one counts as missing.
inline constexpr std::size_t most_bytes_of_an_attribute = 1'024;

/// Whether a field Cookie can carry them so that they can be told from others: no control characters, no semicolon, no white space around
/// either, no `=` in the name, and not both of them empty.
bool can_be_sent(std::string_view name, std::string_view value) noexcept;

/// What the name of a cookie promises (RFC 6265bis, 4.1.3), and what a cookie must not be; nothing if it keeps to that, else what it
/// lacks: `is __Host- and has a domain`. `path`: as the attribute says it.
std::string_view broken_promise(const Cookie& cookie) noexcept;

}  // namespace hocket::http
