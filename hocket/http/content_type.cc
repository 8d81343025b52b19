// SPDX-License-Identifier: MIT
// Reading Content-Type, and what follows from it and from the status.
#include <hocket/http/content_type_internal.h>

#include <hocket/http/errors.h>
#include <hocket/http/field_parameters_internal.h>
#include <hocket/http/reading_internal.h>

namespace hocket::http {

namespace {

std::string_view field(const Headers& headers) { return headers.get("Content-Type").value_or(""); }

// `application/json`, `application/problem+json`
bool names_json(std::string_view type) {
    constexpr std::string_view application = "application/", suffix = "+json";
    if (!type.starts_with(application)) return false;
    type.remove_prefix(application.size());
    return type == "json" || (type.ends_with(suffix) && type.size() > suffix.size());
}

}  // namespace

std::string content_type_of(const Headers& headers) {
    const std::string_view type = field(headers);
    const std::string_view bare = trim(type.substr(0, type.find(';')));
    return bare.empty() ? "application/octet-stream" : lowered(bare);
}

std::string charset_of(const Headers& headers) {
    std::string_view type = field(headers);
    take_until(type, ';');
    return lowered(find_field_parameter(type, "charset").value_or(""));
}

std::string to_utf_8(std::string text, std::string_view charset) {
    if (charset != "iso-8859-1" && charset != "latin-1" && charset != "latin1") return text;
    std::string converted;
    converted.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            converted += c;
        } else {
            converted += static_cast<char>(0xc0 | byte >> 6);
            converted += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return converted;
}

void require_json(const Headers& headers, const std::string& request, int status) {
    if (names_json(content_type_of(headers))) return;
    const std::string_view type = field(headers);
    throw ContentTypeError(request + ": JSON was asked for, and the response's Content-Type is " +
                               (type.empty() ? "missing" : in_quotes(type)),
                           status);
}

void throw_status(const std::string& request, int status, std::string_view reason) {
    throw ClientResponseError(request + ": " + std::to_string(status) + ' ' + escaped(reason), status);
}

}  // namespace hocket::http
