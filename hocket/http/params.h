// SPDX-License-Identifier: MIT
// Names and values as queries and forms carry them: application/x-www-form-urlencoded.
#pragma once

#include <hocket/base/config.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http {

/// In order, names may repeat: `{{"q", "a b"}, {"limit", "3"}}`.
using Params = std::vector<std::pair<std::string, std::string>>;

/// `q=a+b&limit=3` (`urllib.parse.urlencode`).
HOCKET_EXPORT std::string encode_form(const Params& params);
/// What `encode_form` takes, from what it gives; never throws for text that is none (`urllib.parse.parse_qsl`, blank values kept). Escapes
/// that are none stay as they are.
HOCKET_EXPORT Params parse_form(std::string_view text);

/// Each `%41` becomes the byte that it stands for, once; what is no escape stays as it is (`urllib.parse.unquote_to_bytes`).
HOCKET_EXPORT std::string percent_decode(std::string_view text);

}  // namespace hocket::http
