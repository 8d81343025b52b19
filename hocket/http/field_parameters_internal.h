// SPDX-License-Identifier: MIT
// `form-data; name="a"; filename="b"`: fields that consist of a value and its parameters.
#pragma once

#include <hocket/http/quoted_internal.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http {

struct FieldParameters {
    std::string value;                                            ///< in lower case: `form-data`
    std::vector<std::pair<std::string, std::string>> parameters;  ///< names in lower case; values without their quotes

    /// Null if there is none of that name.
    const std::string* find(std::string_view name) const noexcept;
};

/// Nothing for what has not that form, and for a parameter that is there twice: two readers might see two things.
std::optional<FieldParameters> parse_field_parameters(std::string_view field, Quoting quoting = Quoting::field);
/// Of `a=1; b="2"`, what stands behind a field's value: the first well-formed parameter of that name, whatever the others look like. Linear.
std::optional<std::string> find_field_parameter(std::string_view parameters, std::string_view name);
/// RFC 8187: `UTF-8''na%C3%AFve.txt`. Nothing for what is none, or in another charset, or no UTF-8.
std::optional<std::string> parse_extended_value(std::string_view value);

}  // namespace hocket::http
