// SPDX-License-Identifier: MIT
// Requests from ordinary code, without a coroutine: http::sync::get.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/config.h>
#include <hocket/http/client_response.h>
#include <hocket/http/headers.h>
#include <hocket/http/request_options.h>
#include <hocket/http/url.h>

#include <string>
#include <string_view>
#include <vector>

namespace hocket::http::sync {

/// A response with its whole body (`httpx.Response`). A value, safe to copy between threads.
class HOCKET_EXPORT Response {
public:
    /// `elapsed`: from when the request began until there was a response.
    Response(const ClientResponse& response, std::string body, Duration elapsed);

    int status() const noexcept { return status_; }
    /// Of HTTP, as the server speaks it: `1.1` or `1.0`.
    std::string_view version() const noexcept { return version_; }
    const std::string& reason() const noexcept { return reason_; }
    const Headers& headers() const noexcept { return headers_; }
    /// The cookies that it sets.
    std::vector<Cookie> cookies() const { return cookies_of(headers_); }
    /// Where it leads, by its fields Link.
    std::vector<Link> links() const { return links_of(headers_, url_); }
    /// Where it is from, after redirects.
    const Url& url() const noexcept { return url_; }
    const std::string& method() const noexcept { return method_; }
    /// The URLs that redirected, the first one first.
    const std::vector<Url>& history() const noexcept { return history_; }
    bool ok() const noexcept { return status_ < 400; }
    /// Throws ClientResponseError if the status is 400 or more.
    void raise_for_status() const;
    /// How long it took from when the request began until there was a response, redirects included (`requests.Response.elapsed`, which is the last request's).
    Duration elapsed() const noexcept { return elapsed_; }

    /// The body as it came.
    const std::string& content() const noexcept { return body_; }
    /// The body as UTF-8, as of ClientResponse.
    std::string text() const;
    /// The body, parsed. Throws JsonError, ContentTypeError.
    template <class Adapter = JsonAdapter>
    AdapterValue<Adapter> json(JsonOptions options = {}) const {
        check_json(options);
        return Adapter::parse(body_, request_text());
    }

private:
    std::string request_text() const { return method_ + ' ' + url_.str(); }
    void check_json(JsonOptions options) const;

    std::string method_, reason_, body_;
    Url url_;
    Headers headers_;
    std::vector<Url> history_;
    int status_;
    std::string_view version_;
    Duration elapsed_;
};

/// Sends a request, on a connection of its own, and waits for the whole response. Blocks the thread: it runs a loop of its own or, where a loop
/// runs on this thread already, goes on with that meanwhile, as `nested_run` does. Throws what the requests of a ClientSession throw
/// (`httpx.request`; redirects are followed here).
HOCKET_EXPORT Response request(std::string method, std::string url, RequestOptions options = {});
HOCKET_EXPORT Response get(std::string url, RequestOptions options = {});
HOCKET_EXPORT Response head(std::string url, RequestOptions options = {});
HOCKET_EXPORT Response options(std::string url, RequestOptions options = {});
HOCKET_EXPORT Response post(std::string url, RequestOptions options = {});
HOCKET_EXPORT Response put(std::string url, RequestOptions options = {});
HOCKET_EXPORT Response patch(std::string url, RequestOptions options = {});
HOCKET_EXPORT Response delete_(std::string url, RequestOptions options = {});

}  // namespace hocket::http::sync
