// SPDX-License-Identifier: MIT
// What tests of compressed bodies share.
#pragma once

#include <hocket/http/content_encoding.h>

#include <string>
#include <string_view>

namespace hocket::http {

/// What compressed bytes stand for. Throws for what is malformed, or not whole.
inline std::string decoded(std::string_view bytes, ContentCoding coding) {
    Decoder decoder(coding);
    decoder.feed(bytes);
    std::string text;
    while (decoder.read(text) > 0) continue;
    decoder.finish();
    return text;
}

}  // namespace hocket::http
