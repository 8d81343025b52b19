// SPDX-License-Identifier: MIT
// Which answers a server compresses, and how.
#pragma once

#include <hocket/http/content_encoding.h>
#include <hocket/http/headers.h>
#include <hocket/http/response.h>

namespace hocket::http {

class ResponseCompression {
public:
    /// Compresses the answer to a request with these fields if the answer asks for it, or if it is silent and the application wants
    /// `everything`. What a large body becomes is made while it is sent.
    static void apply(Response& answer, const Headers& request, bool everything);

private:
    static bool may_be(const Response& answer, bool everything);
    static void encode_body(Response& answer, ContentCoding coding);
};

}  // namespace hocket::http
