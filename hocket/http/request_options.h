// SPDX-License-Identifier: MIT
// What can be said of a request, and of all requests of a session.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/http/auth.h>
#include <hocket/http/body_stream.h>
#include <hocket/http/client_seams.h>
#include <hocket/http/client_timeout.h>
#include <hocket/http/client_trace.h>
#include <hocket/http/content_encoding.h>
#include <hocket/http/cookie_jar.h>
#include <hocket/http/form_data.h>
#include <hocket/http/headers.h>
#include <hocket/http/http1_parser.h>
#include <hocket/http/json_text.h>
#include <hocket/http/params.h>
#include <hocket/net/address.h>
#include <hocket/net/tls_context.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hocket::http {

/// When a request is sent again. Only what nothing was sent of, or what may be repeated (GET, HEAD, OPTIONS, PUT, DELETE) and met a connection
/// that ended before any of the response, also if the next one cannot be made; never what a certificate or a proxy refuses, nor a body that a generator has begun to
/// make.
struct RetryOptions {
    int attempts = 1;  ///< in all
    /// Before the second; twice as long before each further one, up to `max_backoff`. Of that, a random part is waited.
    Duration backoff = std::chrono::milliseconds(200);
    Duration max_backoff = std::chrono::seconds(10);
    /// Also when a request that may be repeated is answered with 429 or 503 and with a Retry-After, a date or seconds, of no more than
    /// `max_retry_after`: so long is waited then.
    bool on_retry_after = false;
    Duration max_retry_after = std::chrono::seconds(60);
};

/// `session.post(url, {.headers = {{"Accept", "text/plain"}}, .json = Json{{"name", "ada"}}, .timeout = 5s})`
///
/// At most one of `data`, `json`, `form`, `multipart` and `stream` is what is sent; it says the Content-Type, unless `headers` does.
struct RequestOptions {
    Headers headers = {};               ///< each replaces the session's of that name
    Params params = {};                 ///< appended to the URL's query, behind the session's
    Params cookies = {};                ///< before the jar's of these names; a redirect to another origin drops them
    std::optional<Auth> auth = {};      ///< nothing: the URL's user and password, else the session's
    std::string data = {};              ///< bytes: application/octet-stream
    std::optional<JsonText> json = {};  ///< application/json
    Params form = {};                   ///< application/x-www-form-urlencoded (aiohttp's `data=` of a dictionary)
    FormData multipart = {};            ///< multipart/form-data: a form with files, which are read while they are sent
    /// application/octet-stream, made while it is sent: chunked, or of the length that the field Content-Length says.
    BodyStream stream = {};
    std::string compress = {};  ///< what is sent is compressed: `gzip`, `deflate`, `br` or `zstd`; empty: it is not
    Duration timeout = default_timeout;  ///< of the request with its redirects and its body; 0: none; less: passed
    std::optional<bool> allow_redirects = {};  ///< whether redirects are followed; nothing: as the session says
    std::optional<int> max_redirects = {};     ///< so many are followed; nothing: as the session says
    /// Throw ClientResponseError for a status of 400 or more; nothing: as the session says.
    std::optional<bool> raise_for_status = {};
    /// Whether a compressed body is given as what it stands for; nothing: as the session says.
    std::optional<bool> auto_decompress = {};
    /// Names of fields that do not go out by themselves, beside the session's: Accept, Accept-Encoding, Content-Type, User-Agent.
    std::vector<std::string> skip_auto_headers = {};
    ClientTimeout timeouts = {};             ///< of the phases
    std::optional<RetryOptions> retry = {};  ///< nothing: the session's
    std::optional<std::string> proxy = {};   ///< nothing: the session's; empty: none
    /// Of https to the URL's origin; redirects to others are the session's. Empty: the session's (aiohttp's `ssl=`). So are the next two.
    TlsContext tls = {};
    std::string fingerprint = {};                                 ///< empty: the session's
    std::optional<bool> dangerously_accept_any_certificate = {};  ///< nothing: as the session says
};

/// A request as a middleware sees it, and may change it.
struct OutgoingRequest {
    std::string method;
    std::string url;
    RequestOptions options = {};
};

/// `ClientSession session({.base_url = "http://127.0.0.1:8080", .limit = 20})`
///
/// With a `base_url`, `params`, `cookies`, `auth`, and of `headers` Authorization, Cookie and Host are for its origin only. Without one, they go with
/// every request, to whatever origin, as aiohttp's do; redirects take them to no other. Proxy-Authorization goes to proxies only.
struct SessionOptions {
    std::string base_url = {};                     ///< what URLs of requests are relative to
    Headers headers = {};                          ///< of each request
    Params params = {};                            ///< of each request: in its query, before its own
    Params cookies = {};                           ///< of each request, until the jar has one of that name
    std::optional<CookieJar> cookie_jar = {};      ///< to share one; nothing: one of its own
    Auth auth = {};                                ///< of each request
    Duration timeout = std::chrono::seconds(300);  ///< of each request with its redirects and its body; 0: none
    std::size_t limit = 100;                       ///< connections in all; 0: any number
    std::size_t limit_per_host = 0;                ///< connections to one host and port; 0: any number
    Duration keepalive_timeout =
        std::chrono::seconds(15);   ///< how long a connection is kept for the next request; 0: none is
    bool allow_redirects = true;    ///< of each request: redirects are followed
    int max_redirects = 10;         ///< of each request: so many are followed
    bool raise_for_status = false;  ///< of each request, behind its middlewares
    bool auto_decompress =
        true;                  ///< bodies with a Content-Encoding are decoded as they come (but of 206: a part of one)
    DecodeLimits decode = {};  ///< what they may become
    /// What a server may make this side read: lines and fields of a head, and with `body` the bytes of a response's body, as they come (without,
    /// there is no limit). What exceeds them is a ClientResponseError; a body that does, where it is read, a ClientPayloadError.
    Limits limits = {};
    ClientTimeout timeouts = {};  ///< of each request's phases
    RetryOptions retry = {};      ///< of each request
    /// Names of fields that do not go out by themselves: Accept, Accept-Encoding, Content-Type, User-Agent.
    std::vector<std::string> skip_auto_headers = {};
    /// Of https, of a proxy's, too: certificates to trust, one of the client's own, versions. Empty: the system's certificates, and the server
    /// is verified.
    TlsContext tls = {};
    /// The SHA-256 of the server's certificate, 64 hexadecimal digits, colons allowed: what `openssl x509 -fingerprint -sha256` prints
    /// (`aiohttp.Fingerprint`). Who has that certificate is trusted, whoever signed it; with `tls`, it has to convince that, too.
    std::string fingerprint = {};
    /// Any server is believed to be the one that was asked for, and so anybody on the way can read and change everything.
    bool dangerously_accept_any_certificate = false;
    std::string unix_socket =
        {};  ///< every connection goes to this path, whatever the URL's host; a first `@`: an abstract name
    Address local_address = {};  ///< connections come from it (port 0: any port)
    HostResolver resolver = {};  ///< in place of the system's
    Connector connector = {};    ///< in place of all of that, TLS and proxies too: ValueError where both are said
    /// `http://user:password@127.0.0.1:3128`, `https://...`, `socks5://...`: how servers are reached. Names are resolved by it.
    std::string proxy = {};
    /// Without `proxy`, what http_proxy, https_proxy, all_proxy and no_proxy say, in small letters or else in capitals, when the session is
    /// made; HTTP_PROXY not in a CGI program, where clients choose it. What is malformed fails the requests that need it, by InvalidUrl.
    bool trust_env = false;
    TraceSink trace = {};                            ///< is told what happens
    std::vector<ClientMiddleware> middlewares = {};  ///< the first is the outermost
};

}  // namespace hocket::http
