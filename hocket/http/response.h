// SPDX-License-Identifier: MIT
// What a server's handler gives: a status, header fields, and a body that is there or comes in pieces.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/flow/async_generator.h>
#include <hocket/http/cookie.h>
#include <hocket/http/headers.h>
#include <hocket/http/json_text.h>

#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

struct FilePart;

/// `text_response("made", {.status = 201, .headers = {{"Location", "/items/7"}}})`
struct ResponseOptions {
    int status = 200;
    Headers headers = {};
    std::string content_type = {};  ///< in place of the usual one
    std::string reason = {};        ///< in place of the status's name
};

/// An answer (`aiohttp.web.Response`). Move-only; belongs to its handler's task.
///
/// The server adds Date, and what frames the body: Content-Length, Transfer-Encoding. A field `Connection: close` ends the connection after
/// the answer. An answer to HEAD, and one with the status 204 or 304, is sent without its body.
class HOCKET_EXPORT Response {
public:
    using Pieces = AsyncGenerator<std::string>;

    /// 200 without a body. Throws ValueError for a status outside 200 to 999.
    explicit Response(int status = 200);
    /// `type`: a literal, such as `text/plain`; the options' `content_type` goes before it.
    Response(std::string body, std::string_view type, ResponseOptions options = {});
    Response(Pieces body, std::string_view type, ResponseOptions options = {});
    /// For `file_response`.
    Response(Shared<FilePart> file, std::string_view type, ResponseOptions options);
    Response(Response&&) noexcept = default;
    Response& operator=(Response&&) noexcept = default;
    ~Response();

    int status() const noexcept { return status_; }
    /// Throws ValueError for one outside 200 to 999.
    void set_status(int status);
    const std::string& reason() const noexcept { return reason_; }
    /// May be changed until the handler returns. A Content-Type here replaces the body's usual one.
    Headers& headers() noexcept { return headers_; }
    const Headers& headers() const noexcept { return headers_; }
    std::string_view content_type() const noexcept;
    /// Adds a field Set-Cookie, in place of one for the same name, path and domain. Throws ValueError like `write_set_cookie`.
    void set_cookie(std::string name, std::string value, CookieOptions options = {});
    /// Has the client forget a cookie. It is known by path and domain as it was set; `__Host-` and `__Secure-` need `secure` here as well.
    void del_cookie(std::string name, CookieOptions options = {});
    /// Empty if the body comes in pieces.
    const std::string& body() const noexcept { return body_; }
    bool is_streamed() const noexcept { return pieces_.has_value(); }
    /// A server sends it compressed in the way that the client prefers, if the client takes that: br, zstd, gzip or deflate
    /// (`enable_compression` of aiohttp). Left as they are: a body of less than 1 KiB, types that are compressed already (images, video, archives ...),
    /// what has a Content-Encoding or is a part (206), and what says `Cache-Control: no-transform`. Each piece of a streamed body is sent as soon as
    /// it is there. False: it is never compressed, whatever the application says: for pages that show a secret beside what others
    /// have written.
    void enable_compression(bool on = true) noexcept { compression_ = on; }

private:
    friend class HttpConnection;
    friend class ResponseCompression;
    friend class TestClient;

    void take(ResponseOptions&& options);

    int status_ = 200;
    std::string reason_;
    std::string_view type_;  // a literal; a field Content-Type goes before it
    Headers headers_;
    std::string body_;
    std::optional<Pieces> pieces_;
    Shared<FilePart> file_;            // what the pieces would be read from, for a connection that sends it by itself
    std::optional<bool> compression_;  // nothing: as the application says
};

/// `text/plain`, in UTF-8.
HOCKET_EXPORT Response text_response(std::string text, ResponseOptions options = {});
/// `text/html`, in UTF-8.
HOCKET_EXPORT Response html_response(std::string html, ResponseOptions options = {});
/// `application/octet-stream`.
HOCKET_EXPORT Response bytes_response(std::string bytes, ResponseOptions options = {});
/// `application/json`: any value with `dump()`, such as Json of <hocket/http/json.h> (`aiohttp.web.json_response`).
HOCKET_EXPORT Response json_response(JsonText json, ResponseOptions options = {});
/// A body whose length is not known beforehand: what the generator yields is sent as it comes, and no faster than the client takes it
/// (`aiohttp.web.StreamResponse`, FastAPI's `StreamingResponse`). It is of type `application/octet-stream`; with a field Content-Length it
/// must have that length. When it throws, that is reported and the connection aborted, so that the client sees that the body is not whole.
/// It ends early when the client goes, or ends its side: by `aclose`, or by a cancel where it waits. While the request's body is not read to
/// its end, or behind 64 KiB of requests that were sent ahead, only the next piece shows that the client has gone.
HOCKET_EXPORT Response stream_response(Response::Pieces body, ResponseOptions options = {});
/// `302 Found`, or another status of the options. Throws ValueError for a location with a control character, and for one that begins with
/// `//` or `/\`, which browsers take for another host's.
HOCKET_EXPORT Response redirect_response(std::string_view location, ResponseOptions options = {.status = 302});
/// `{"detail": "..."}`: what the server itself answers errors with.
HOCKET_EXPORT Response error_response(int status, std::string_view detail);

}  // namespace hocket::http
