// SPDX-License-Identifier: MIT
// From a test's words to a request that an application answers.
#include <hocket/http/test_client.h>

#include <hocket/http/end_errors_internal.h>
#include <hocket/http/url.h>

#include <utility>

namespace hocket::http {

namespace {

// `https://shop.example/cart` names one.
std::string host_of(const std::string& target) {
    return target.starts_with('/') || target.find("://") == std::string::npos
               ? "testserver"
               : std::string(Url::parse(target).authority());
}

// As a server does: what is not read to its end is closed.
Coro<> read_all(AsyncGenerator<std::string> pieces, std::string& to) {
    std::exception_ptr error;
    try {
        while (auto piece = co_await pieces.next()) to += *piece;
    } catch (...) {
        error = std::current_exception();
    }
    if (!error) co_return;
    co_await pieces.aclose();
    std::rethrow_exception(error);
}

}  // namespace

TestClient::TestClient(const Application& app) : app_(app) {}

Coro<TestResponse> TestClient::request(std::string method, std::string target, TestRequestOptions options) const {
    const Application app = app_;
    if (!options.headers.contains("Host")) options.headers.add("Host", host_of(target));
    RequestHead head{.method = std::move(method), .target = std::move(target), .headers = std::move(options.headers)};
    if (!options.body.empty()) head.content_length = options.body.size();
    Request request(std::move(head), std::move(options.body));
    Response answer = co_await app.handle(request);
    TestResponse response{.status = answer.status(),
                          .headers = answer.headers(),
                          .content_type = std::string(answer.content_type()),
                          .body = {}};
    if (!response.content_type.empty() && !response.headers.contains("Content-Type")) {
        response.headers.add("Content-Type", response.content_type);
    }
    const bool has_body = request.method() != "HEAD" && response.status != 204 && response.status != 304;
    if (has_body && answer.pieces_) {
        co_await read_all(*std::move(answer.pieces_), response.body);
    } else if (has_body) {
        response.body = answer.body();
    }
    co_return response;
}

Coro<TestResponse> TestClient::get(std::string target, TestRequestOptions options) const {
    return request("GET", std::move(target), std::move(options));
}
Coro<TestResponse> TestClient::post(std::string target, TestRequestOptions options) const {
    return request("POST", std::move(target), std::move(options));
}
Coro<TestResponse> TestClient::put(std::string target, TestRequestOptions options) const {
    return request("PUT", std::move(target), std::move(options));
}
Coro<TestResponse> TestClient::delete_(std::string target, TestRequestOptions options) const {
    return request("DELETE", std::move(target), std::move(options));
}

Coro<TestClient> TestClient::aenter() const {
    const TestClient client = *this;
    co_await client.app_.startup();
    co_return client;
}

Coro<> TestClient::aexit(std::exception_ptr) const {
    const Application app = app_;
    EndErrors errors;
    co_await collect(errors, app.shutdown());
    co_await collect(errors, app.cleanup());
    throw_all("the end of an application", std::move(errors));
}

}  // namespace hocket::http
