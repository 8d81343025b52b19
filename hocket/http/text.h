// SPDX-License-Identifier: MIT
// What texts in HTTP are made of: names without case, tokens, values; and how messages show them.
#pragma once

#include <hocket/base/config.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace hocket::http {

/// The same of texts that have one length.
HOCKET_EXPORT bool same_letters(std::string_view a, std::string_view b) noexcept;
/// Whether two names are one: ASCII letters compared without case.
inline bool equal_without_case(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && same_letters(a, b);
}
/// RFC 9110, 5.6.2: the form of names of fields and methods. An empty text is none.
HOCKET_EXPORT bool is_token(std::string_view text) noexcept;
/// How many characters at the front of a text could be a token.
HOCKET_EXPORT std::size_t token_size(std::string_view text) noexcept;
/// RFC 9110, 5.5: no control character but the tab. Bytes above 127 are allowed and mean nothing.
HOCKET_EXPORT bool is_field_value(std::string_view text) noexcept;
/// With its ASCII letters in lower case.
HOCKET_EXPORT std::string lowered(std::string_view text);
/// With its ASCII letters in upper case.
HOCKET_EXPORT std::string raised(std::string_view text);
/// Whether no byte is above 127.
HOCKET_EXPORT bool is_ascii(std::string_view text) noexcept;
/// Without the spaces and tabs around it.
HOCKET_EXPORT std::string_view trim(std::string_view text) noexcept;

/// How messages show what a peer sent: `a\r\n`, control characters and bytes above 126 escaped, not more than `most` bytes of it.
HOCKET_EXPORT std::string escaped(std::string_view text, std::size_t most = 64);
/// The same in quotation marks: `"a\r\n"`.
HOCKET_EXPORT std::string in_quotes(std::string_view text);

}  // namespace hocket::http
