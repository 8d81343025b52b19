// SPDX-License-Identifier: MIT
// From a test's words to a request that an application answers.
#include <hocket/http/test_client.h>

#include <hocket/base/exception_group.h>
#include <hocket/http/url.h>

#include <utility>
#include <vector>

namespace hocket::http {

namespace {

// `https://shop.example/cart` names one.
std::string host_of(const std::string& target) {
    return target.starts_with('/') || target.find("://") == std::string::npos
               ? "testserver"
               : std::string(Url::parse(target).authority());
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
                          .body = answer.body()};
    if (answer.pieces_ && request.method() != "HEAD") {
        Response::Pieces pieces = *std::move(answer.pieces_);
        while (auto piece = co_await pieces.next()) response.body += *piece;
    }
    if (request.method() == "HEAD") response.body.clear();
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
    std::vector<std::exception_ptr> errors;
    try {
        co_await app.shutdown();
    } catch (...) {
        errors.push_back(std::current_exception());
    }
    try {
        co_await app.cleanup();
    } catch (...) {
        errors.push_back(std::current_exception());
    }
    if (errors.size() > 1) throw ExceptionGroup("the end of an application", std::move(errors));
    if (!errors.empty()) std::rethrow_exception(errors.front());
}

}  // namespace hocket::http
