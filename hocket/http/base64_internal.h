// SPDX-License-Identifier: MIT
// Bytes as letters: base64 (RFC 4648, 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

std::string encode_base64(std::string_view bytes);
/// Nothing for what `encode_base64` would not have given: other characters, padding that is missing or in the midst, bits that are left over.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace hocket::http
