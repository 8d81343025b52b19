// SPDX-License-Identifier: MIT
// What can be said of a request, and of all requests of a session.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/http/auth.h>
#include <hocket/http/body_stream.h>
#include <hocket/http/content_encoding.h>
#include <hocket/http/cookie_jar.h>
#include <hocket/http/form_data.h>
#include <hocket/http/headers.h>
#include <hocket/http/json_text.h>
#include <hocket/http/params.h>

#include <cstddef>
#include <optional>
#include <string>

namespace hocket::http {

/// Stands for the session's time limit.
inline constexpr Duration default_timeout = std::chrono::nanoseconds(-1);

/// `session.post(url, {.headers = {{"Accept", "text/plain"}}, .json = Json{{"name", "ada"}}, .timeout = 5s})`
///
/// At most one of `data`, `json`, `form`, `multipart` and `stream` is what is sent; it says the Content-Type, unless `headers` does.
struct RequestOptions {
    Headers headers = {};               ///< each replaces the session's of that name
    Params params = {};                 ///< appended to the URL's query
    Params cookies = {};                ///< before the jar's of these names; a redirect to another origin drops them
    std::optional<Auth> auth = {};      ///< nothing: the URL's user and password, else the session's
    std::string data = {};              ///< bytes: application/octet-stream
    std::optional<JsonText> json = {};  ///< application/json
    Params form = {};                   ///< application/x-www-form-urlencoded (aiohttp's `data=` of a dictionary)
    FormData multipart = {};            ///< multipart/form-data: a form with files, which are read while they are sent
    /// application/octet-stream, made while it is sent: chunked, or of the length that the field Content-Length says.
    BodyStream stream = {};
    std::string compress = {};  ///< what is sent is compressed: `gzip`, `deflate`, `br` or `zstd`; empty: it is not
    Duration timeout = default_timeout;  ///< of the request with its redirects and its body; 0: none
    bool allow_redirects = true;
    int max_redirects = 10;  ///< so many are followed
    /// Throw ClientResponseError for a status of 400 or more; nothing: as the session says.
    std::optional<bool> raise_for_status = {};
    /// Whether a compressed body is given as what it stands for; nothing: as the session says.
    std::optional<bool> auto_decompress = {};
};

/// `ClientSession session({.base_url = "http://127.0.0.1:8080", .limit = 20})`
///
/// With a `base_url`, `cookies` and `auth` are for its origin only.
struct SessionOptions {
    std::string base_url = {};                     ///< what URLs of requests are relative to
    Headers headers = {};                          ///< of each request
    Params cookies = {};                           ///< of each request, until the jar has one of that name
    std::optional<CookieJar> cookie_jar = {};      ///< to share one; nothing: one of its own
    Auth auth = {};                                ///< of each request
    Duration timeout = std::chrono::seconds(300);  ///< of each request with its redirects and its body; 0: none
    std::size_t limit = 100;                       ///< connections in all; 0: any number
    std::size_t limit_per_host = 0;                ///< connections to one host and port; 0: any number
    Duration keepalive_timeout =
        std::chrono::seconds(15);   ///< how long a connection is kept for the next request; 0: none is
    bool raise_for_status = false;  ///< of each request
    bool auto_decompress =
        true;                  ///< bodies with a Content-Encoding are decoded as they come (but of 206: a part of one)
    DecodeLimits decode = {};  ///< what they may become
};

}  // namespace hocket::http
