// SPDX-License-Identifier: MIT
// Reading the parameters of fields: RFC 9110, 5.6.6, and RFC 8187.
#include <hocket/http/field_parameters_internal.h>

#include <hocket/base/utf_8_internal.h>
#include <hocket/http/content_type_internal.h>
#include <hocket/http/params.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

namespace {

void skip_blanks(std::string_view& text) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

// One that is read up to the semicolon that ends it. Nothing between two semicolons, as some send it, is well-formed and has no name.
struct FieldParameter {
    std::string_view name = {};
    std::string value = {};
    bool is_well_formed = false;
};

FieldParameter take_parameter(std::string_view& rest, Quoting quoting) {
    FieldParameter found;
    const std::size_t end = std::min(rest.find_first_of(";="), rest.size());
    const bool has_value = end < rest.size() && rest[end] == '=';
    found.name = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!has_value) {
        found.is_well_formed = found.name.empty();
        return found;
    }
    skip_blanks(rest);
    if (!rest.starts_with('"')) {
        found.value = trim(take_until(rest, ';'));
        found.is_well_formed = !found.name.empty();
        return found;
    }
    auto text = take_quoted(rest, quoting);
    if (!text) {
        rest = {};
        return found;
    }
    found.value = *std::move(text);
    found.is_well_formed = trim(take_until(rest, ';')).empty() && !found.name.empty();
    return found;
}

}  // namespace

const std::string* FieldParameters::find(std::string_view name) const noexcept {
    for (const auto& [given, text] : parameters) {
        if (given == name) return &text;
    }
    return nullptr;
}

constexpr std::size_t most_parameters = 32;

std::optional<FieldParameters> parse_field_parameters(std::string_view field, Quoting quoting) {
    FieldParameters found{.value = lowered(trim(take_until(field, ';'))), .parameters = {}};
    while (!field.empty()) {
        FieldParameter one = take_parameter(field, quoting);
        if (!one.is_well_formed) return std::nullopt;
        if (one.name.empty()) continue;
        std::string name = lowered(one.name);
        if (!is_token(name) || found.find(name) || found.parameters.size() == most_parameters) return std::nullopt;
        found.parameters.emplace_back(std::move(name), std::move(one.value));
    }
    return found;
}

std::optional<std::string> find_field_parameter(std::string_view parameters, std::string_view name) {
    while (!parameters.empty()) {
        FieldParameter one = take_parameter(parameters, Quoting::field);
        if (one.is_well_formed && equal_without_case(one.name, name)) return std::move(one.value);
    }
    return std::nullopt;
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
