// SPDX-License-Identifier: MIT
// A session and, where none runs, a loop for one request.
#include <hocket/http/sync.h>

#include <hocket/core/event_loop.h>
#include <hocket/http/client_session.h>
#include <hocket/http/content_type_internal.h>
#include <hocket/io/runner.h>

namespace hocket::http::sync {

namespace {

Coro<Response> fetch(std::string method, std::string url, RequestOptions options) {
    const ClientSession session({.keepalive_timeout = Duration(), .trust_env = true});
    const TimePoint begin = get_running_loop().time();
    const ClientResponse response = co_await session.request(std::move(method), std::move(url), std::move(options));
    const Duration elapsed = get_running_loop().time() - begin;
    std::string body = co_await response.read();
    co_return Response(response, std::move(body), elapsed);
}

}  // namespace

Response::Response(const ClientResponse& response, std::string body, Duration elapsed)
    : method_(response.method()),
      reason_(response.reason()),
      body_(std::move(body)),
      url_(response.url()),
      headers_(response.headers()),
      history_(response.history()),
      status_(response.status()),
      version_(response.version()),
      elapsed_(elapsed) {}

void Response::raise_for_status() const {
    if (!ok()) throw_status(request_text(), status_, reason_);
}

std::string Response::text() const { return to_utf_8(body_, charset_of(headers_)); }

void Response::check_json(JsonOptions options) const {
    if (options.check_content_type) require_json(headers_, request_text(), status_);
}

Response request(std::string method, std::string url, RequestOptions options) {
    Coro<Response> fetching = fetch(std::move(method), std::move(url), std::move(options));
    return this_loop ? nested_run(std::move(fetching)) : run(std::move(fetching));
}

Response get(std::string url, RequestOptions options) {
    return sync::request("GET", std::move(url), std::move(options));
}
Response head(std::string url, RequestOptions options) {
    return sync::request("HEAD", std::move(url), std::move(options));
}
Response options(std::string url, RequestOptions options) {
    return sync::request("OPTIONS", std::move(url), std::move(options));
}
Response post(std::string url, RequestOptions options) {
    return sync::request("POST", std::move(url), std::move(options));
}
Response put(std::string url, RequestOptions options) {
    return sync::request("PUT", std::move(url), std::move(options));
}
Response patch(std::string url, RequestOptions options) {
    return sync::request("PATCH", std::move(url), std::move(options));
}
Response delete_(std::string url, RequestOptions options) {
    return sync::request("DELETE", std::move(url), std::move(options));
}

}  // namespace hocket::http::sync
