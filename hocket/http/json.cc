// SPDX-License-Identifier: MIT
// The words of JSON's errors.
#include <hocket/http/json.h>

#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

JsonError::~JsonError() = default;

// `[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ...`; it quotes the text.
void throw_json_error(std::string_view what, std::string_view why) {
    if (why.starts_with('[')) why.remove_prefix(std::min(why.find("] ") + 2, why.size()));
    constexpr std::string_view place = "parse error at ";
    if (why.starts_with(place)) why.remove_prefix(place.size());
    throw JsonError("parse JSON of " + std::string(what) + ": " + escaped(why, 200));
}

}  // namespace hocket::http
