// SPDX-License-Identifier: MIT
// Reading the parameters of fields: RFC 9110, 5.6.6, and RFC 8187.
#include <hocket/http/field_parameters_internal.h>

#include <hocket/base/utf_8_internal.h>
#include <hocket/http/content_type_internal.h>
#include <hocket/http/params.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

namespace {

// Takes `"..."` off the front. False: its end is missing.
bool take_quoted(std::string_view& rest, std::string& value) {
    std::size_t i = 1;
    for (; i < rest.size() && rest[i] != '"'; ++i) {
        const bool escapes = rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
        if (escapes) ++i;
        value += rest[i];
    }
    if (i >= rest.size()) return false;
    rest.remove_prefix(i + 1);
    return true;
}

}  // namespace

const std::string* FieldParameters::find(std::string_view name) const noexcept {
    for (const auto& [given, text] : parameters) {
        if (given == name) return &text;
    }
    return nullptr;
}

constexpr std::size_t most_parameters = 32;

std::optional<FieldParameters> parse_field_parameters(std::string_view field) {
    const std::size_t end = std::min(field.find(';'), field.size());
    FieldParameters found{.value = lowered(trim(field.substr(0, end))), .parameters = {}};
    std::string_view rest = trim(field.substr(end));
    while (!rest.empty()) {
        if (rest[0] != ';') return std::nullopt;
        rest = trim(rest.substr(1));
        if (rest.empty() || rest[0] == ';') continue;  // nothing between two semicolons, as some send it
        const std::size_t equals = rest.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        std::string name = lowered(trim(rest.substr(0, equals)));
        if (!is_token(name) || found.find(name) || found.parameters.size() == most_parameters) return std::nullopt;
        rest = trim(rest.substr(equals + 1));
        std::string text;
        if (rest.starts_with('"')) {
            if (!take_quoted(rest, text)) return std::nullopt;
            rest = trim(rest);
        } else {
            const std::size_t size = std::min(rest.find(';'), rest.size());
            text = trim(rest.substr(0, size));
            rest.remove_prefix(size);
        }
        found.parameters.emplace_back(std::move(name), std::move(text));
    }
    return found;
}

std::optional<std::string> parse_extended_value(std::string_view value) {
    const std::size_t charset = value.find('\'');
    const std::size_t language = charset == std::string_view::npos ? charset : value.find('\'', charset + 1);
    if (language == std::string_view::npos) return std::nullopt;
    const std::string name = lowered(value.substr(0, charset));
    std::string text = percent_decode(value.substr(language + 1));
    if (name == "iso-8859-1") return to_utf_8(std::move(text), name);
    if (name != "utf-8" || utf_8_prefix(text) != text.size()) return std::nullopt;
    return text;
}

}  // namespace hocket::http
