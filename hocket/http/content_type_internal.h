// SPDX-License-Identifier: MIT
// What a response's headers say of its body: its type, its encoding; and the errors that follow from them.
#pragma once

#include <hocket/http/headers.h>

#include <string>
#include <string_view>

namespace hocket::http {

/// In lower case and without parameters: `text/html`; `application/octet-stream` if nothing is said.
std::string content_type_of(const Headers& headers);
/// In lower case: `utf-8`; empty if nothing is said.
std::string charset_of(const Headers& headers);
/// ISO-8859-1 is converted; what is in another encoding stays as it is.
std::string to_utf_8(std::string text, std::string_view charset);

/// Throws ContentTypeError unless the Content-Type names JSON. `request`: `GET http://127.0.0.1/items`, as in the next.
void require_json(const Headers& headers, const std::string& request, int status);
/// Throws ClientResponseError: `GET http://127.0.0.1/x: 404 Not Found`.
[[noreturn]] void throw_status(const std::string& request, int status, std::string_view reason);

}  // namespace hocket::http
