// SPDX-License-Identifier: MIT
// Requests to an application without a socket, for its tests.
#pragma once

#include <hocket/http/application.h>
#include <hocket/http/headers.h>

#include <exception>
#include <string>

namespace hocket::http {

/// `co_await client.post("/items", {.headers = {{"Content-Type", "application/json"}}, .body = "{}"})`
struct TestRequestOptions {
    Headers headers = {};  ///< Host is the target's, or `testserver`, if it is not here
    std::string body = {};
};

/// An answer, with all of its body, also if that came in pieces.
struct TestResponse {
    int status = 0;
    Headers headers = {};  ///< the handler's, and Content-Type: others that a server adds are not here
    std::string content_type = {};
    std::string body = {};
};

/// A client of an application that is served by nobody (`aiohttp.test_utils.TestClient`, FastAPI's `TestClient`), in virtual time, too:
///
///     co_await with(http::TestClient(app), [](http::TestClient& client) -> Coro<> {
///         const http::TestResponse response = co_await client.get("/items/7");
///         ...
///     });
///
/// A target may be a whole URL: `https://shop.example/cart` is a request that came by TLS (`request.secure()`), to that host.
///
/// The application's hooks run at the block's begin and end. What goes over no connection is not tested: limits, framing,
/// time-outs; for these, `serve` on port 0 (`aiohttp.test_utils.TestServer`). Copies stand for the same one. Belongs to one loop.
class HOCKET_EXPORT TestClient {
public:
    explicit TestClient(const Application& app);

    /// Throws CancelledError, and what a body in pieces throws; a handler's exception is the answer 500.
    Coro<TestResponse> request(std::string method, std::string target, TestRequestOptions options = {}) const;
    HOCKET_CORO_WRAPPER Coro<TestResponse> get(std::string target, TestRequestOptions options = {}) const;
    HOCKET_CORO_WRAPPER Coro<TestResponse> post(std::string target, TestRequestOptions options = {}) const;
    HOCKET_CORO_WRAPPER Coro<TestResponse> put(std::string target, TestRequestOptions options = {}) const;
    HOCKET_CORO_WRAPPER Coro<TestResponse> delete_(std::string target, TestRequestOptions options = {}) const;

    Coro<TestClient> aenter() const;
    Coro<> aexit(std::exception_ptr error) const;

private:
    Application app_;
};

}  // namespace hocket::http
