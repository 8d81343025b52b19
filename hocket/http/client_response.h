// SPDX-License-Identifier: MIT
// What a server answered: status and headers at once, the body when it is asked for.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/cookie.h>
#include <hocket/http/errors.h>
#include <hocket/http/headers.h>
#include <hocket/http/json_text.h>
#include <hocket/http/link.h>
#include <hocket/http/url.h>
#include <hocket/net/address.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket {
struct TlsInfo;
}

namespace hocket::http {

class ResponseState;

struct JsonOptions {
    bool check_content_type =
        true;  ///< false: also parse what does not say that it is JSON (aiohttp's `content_type=None`)
};

/// The state of a response, shared with what reads its body.
class HOCKET_EXPORT ResponseHandle {
public:
    /// Takes over the reference.
    explicit ResponseHandle(ResponseState* state) noexcept : state_(state) {}
    ResponseHandle(const ResponseHandle& other) noexcept;
    ResponseHandle(ResponseHandle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    ResponseHandle& operator=(ResponseHandle other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~ResponseHandle();

    /// Throws RuntimeError if it was moved away.
    ResponseState& operator*() const;
    ResponseState* operator->() const { return &**this; }

private:
    ResponseState* state_;
};

/// `GET http://127.0.0.1/items`: what it answers.
HOCKET_EXPORT std::string request_text(const ResponseHandle& response);
/// The body, if the Content-Type names JSON. Throws ContentTypeError.
HOCKET_EXPORT Coro<std::string> read_json(ResponseHandle response, JsonOptions options);

template <class Adapter>
Coro<AdapterValue<Adapter>> parse_json(ResponseHandle response, JsonOptions options) {
    const std::string text = co_await read_json(response, options);
    co_return Adapter::parse(text, request_text(response));
}

/// A response, of which the body may not have come yet (`aiohttp.ClientResponse`). Belongs to one loop.
///
/// A compressed body is given as what it stands for (`SessionOptions::auto_decompress`); the fields still say how it came.
///
/// The connection goes back to its session when the body has been read to the end, and the request's is sent, too: a read waits for that. A response that is dropped before closes
/// its connection, unless the rest of the body has come already. What reads the body ends with ClientPayloadError when that ends early or is
/// malformed, with TimeoutError when the request's time limit passes; then every later read throws the same. A read that is cancelled
/// loses nothing: the next one goes on.
class HOCKET_EXPORT ClientResponse {
public:
    explicit ClientResponse(ResponseHandle state) noexcept : state_(std::move(state)) {}
    ClientResponse(ClientResponse&&) noexcept = default;
    ClientResponse& operator=(ClientResponse&&) noexcept = default;

    int status() const;
    /// Of HTTP, as the server speaks it: `1.1` or `1.0`.
    std::string_view version() const;
    /// `Not Found`: what the server says, else the usual words.
    const std::string& reason() const;
    const Headers& headers() const;
    /// The cookies that this response sets, whether the session's jar takes them or not. Not those of redirects before it.
    std::vector<Cookie> cookies() const { return cookies_of(headers()); }
    /// Where it leads, by its fields Link: `for (const Link& link : response.links()) if (link.is("next")) ...`
    std::vector<Link> links() const { return links_of(headers(), url()); }
    /// Where the response is from, after redirects; without user and password.
    const Url& url() const;
    /// Of the last request: a redirect may have turned POST into GET.
    const std::string& method() const;
    /// Whether the status is below 400.
    bool ok() const { return status() < 400; }
    /// Throws ClientResponseError if the status is 400 or more: `GET http://127.0.0.1/x: 404 Not Found`.
    void raise_for_status() const;
    /// The URLs that redirected, the first one first.
    const std::vector<Url>& history() const;
    /// Where the server is that answered, or the proxy before it (`response.connection.transport.get_extra_info("peername")`).
    const Address& peername() const;
    /// What TLS agreed on, with the server's certificate (see hocket/net/tls_info.h); null where the URL is not https. The same object for all
    /// responses of a connection.
    const Shared<const TlsInfo>& tls() const;
    /// In lower case and without parameters: `text/html`; `application/octet-stream` if the server does not say.
    std::string content_type() const;
    /// What the Content-Type says of the text's encoding, in lower case: `utf-8`; empty if it says nothing.
    std::string charset() const;
    /// Bytes of the body as they come, which may be compressed, if the server says how many; of a response to HEAD, those that it would have.
    std::optional<std::uint64_t> content_length() const;

    /// The whole body, or what `next` has left of it. Once: it is moved out, and a second call throws RuntimeError.
    Coro<std::string> read() const;
    /// The body as UTF-8. Text in ISO-8859-1 is converted; in other encodings it is given as it came.
    Coro<std::string> text() const;
    /// The body, parsed. Throws ContentTypeError if it is not JSON by its Content-Type (and reads nothing then), JsonError for what is no JSON.
    template <class Adapter = JsonAdapter>
    HOCKET_CORO_WRAPPER Coro<AdapterValue<Adapter>> json(JsonOptions options = {}) const {
        return parse_json<Adapter>(state_, options);
    }
    /// What has come of the body, as soon as there is some; nothing at its end:
    /// `while (auto piece = co_await response.next())` (`async for piece in response.content.iter_any()`).
    Coro<std::optional<std::string>> next() const;
    /// The next line of the body without its end, which is LF or CRLF; nothing at the body's end. The last line need not have an end:
    /// `while (auto line = co_await response.readline())` (`response.content.readline()`, httpx's `aiter_lines`, requests' `iter_lines`).
    ///
    /// `next` and `read` give what it has left; after `read`, `text` or `json` there is nothing. Throws ValueError for a line of more than `limit`
    /// bytes: it is still there for `next`, `read`, and a higher limit.
    Coro<std::optional<std::string>> readline(std::size_t limit = 64 << 10) const;

    /// Closes the connection, if the body was not read to its end.
    void close() const;

    const ResponseHandle& state() const noexcept { return state_; }

private:
    ResponseHandle state_;
};

}  // namespace hocket::http
