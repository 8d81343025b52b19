// SPDX-License-Identifier: MIT
// Pieces of a body, compressed one by one.
#pragma once

#include <hocket/flow/async_generator.h>
#include <hocket/http/content_encoding.h>

#include <string>

namespace hocket::http {

/// Each piece is to arrive when it is there, so it is flushed. Ended midway by `aclose`, it closes `pieces`.
AsyncGenerator<std::string> encoded_pieces(AsyncGenerator<std::string> pieces, ContentCoding coding);

}  // namespace hocket::http
