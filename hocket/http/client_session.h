// SPDX-License-Identifier: MIT
// The HTTP client: a session whose requests share connections.
#pragma once

#include <hocket/base/config.h>
#include <hocket/core/coro.h>
#include <hocket/http/client_response.h>
#include <hocket/http/request_options.h>

#include <exception>
#include <string>
#include <utility>

namespace hocket::http {

class SessionState;

/// The state of a session, shared with its requests.
class HOCKET_EXPORT SessionHandle {
public:
    explicit SessionHandle(SessionOptions options);
    SessionHandle(const SessionHandle& other) noexcept;
    SessionHandle(SessionHandle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    SessionHandle& operator=(SessionHandle other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~SessionHandle();

    explicit operator bool() const noexcept { return state_; }
    /// Throws RuntimeError if it was moved away.
    SessionState& operator*() const;
    SessionState* operator->() const { return &**this; }

private:
    SessionState* state_;
};

/// One request without a session, on a connection of its own, through the proxy that the environment names (`httpx.get` and its kin, as
/// coroutines; http::sync has the same for ordinary code):
///
///     auto response = co_await http::get("https://example.org/");
///
/// What they throw is what the requests of a ClientSession throw; the response keeps its connection until the body has ended or it is dropped.
HOCKET_EXPORT Coro<ClientResponse> request(std::string method, std::string url, RequestOptions options = {});
HOCKET_EXPORT Coro<ClientResponse> get(std::string url, RequestOptions options = {});
HOCKET_EXPORT Coro<ClientResponse> head(std::string url, RequestOptions options = {});
HOCKET_EXPORT Coro<ClientResponse> options(std::string url, RequestOptions options = {});
HOCKET_EXPORT Coro<ClientResponse> post(std::string url, RequestOptions options = {});
HOCKET_EXPORT Coro<ClientResponse> put(std::string url, RequestOptions options = {});
HOCKET_EXPORT Coro<ClientResponse> patch(std::string url, RequestOptions options = {});
HOCKET_EXPORT Coro<ClientResponse> delete_(std::string url, RequestOptions options = {});

/// An HTTP client (`aiohttp.ClientSession`, `httpx.AsyncClient`): keeps connections for further requests, 100 at most. Requests that
/// find no free one wait in turn.
///
///     ClientSession session;
///     auto response = co_await session.get("http://127.0.0.1:8080/items", {.params = {{"limit", "3"}}});
///
/// A request is a coroutine: nothing is sent before it is awaited or made a task, so `gather(session.get(a), session.get(b))` sends
/// two at once. It may outlive the session's handle. Destroyed, a session closes the connections that no request uses; `close` closes
/// all. Can be moved, not copied. Belongs to the loop of its first request; not thread-safe.
class HOCKET_EXPORT ClientSession {
public:
    /// Throws InvalidUrl for a `base_url`, and for a proxy, that is none; ValueError for cookies that cannot be sent, and for other options that
    /// make no sense.
    explicit ClientSession(SessionOptions options = {});
    ClientSession(ClientSession&&) noexcept = default;
    ClientSession& operator=(ClientSession&& other) noexcept;
    ~ClientSession();

    /// Sends a request, follows redirects, and returns when the head of the response has come.
    ///
    /// Throws InvalidUrl; ClientConnectionError without a connection: `GET http://127.0.0.1:81/: connect to 127.0.0.1:81: Connection refused`;
    /// ServerDisconnectedError if the server closes before it answers; ClientTlsError, ClientProxyError, ClientHttpProxyError, PhaseTimeout
    /// and what derives from them; ClientResponseError for an answer that is no HTTP, and for a status of 400 or more where
    /// `raise_for_status` is set; TooManyRedirects; TimeoutError; ValueError for headers that cannot be sent, and for a `~/.netrc` that is
    /// not to be trusted; OSError for a netrc that cannot be read; RuntimeError after `close`. A cancel closes the connection. A request
    /// that may be repeated (GET, HEAD, OPTIONS, PUT, DELETE) is sent once more if a kept connection ends before any of the response has
    /// come.
    Coro<ClientResponse> request(std::string method, std::string url, RequestOptions options = {}) const;
    Coro<ClientResponse> get(std::string url, RequestOptions options = {}) const;
    Coro<ClientResponse> head(std::string url, RequestOptions options = {}) const;
    Coro<ClientResponse> options(std::string url, RequestOptions options = {}) const;
    Coro<ClientResponse> post(std::string url, RequestOptions options = {}) const;
    Coro<ClientResponse> put(std::string url, RequestOptions options = {}) const;
    Coro<ClientResponse> patch(std::string url, RequestOptions options = {}) const;
    Coro<ClientResponse> delete_(std::string url, RequestOptions options = {}) const;

    /// Where its cookies are kept: the jar of the options, or one of its own. What a response sets is in it when the request has returned,
    /// also what redirects on the way have set.
    CookieJar cookie_jar() const;

    /// Closes all connections; requests and reads that are under way end with ClientConnectionError. Does not suspend.
    Coro<> close() const;
    bool closed() const;

    // For `with`.
    Coro<ClientSession&> aenter();
    Coro<> aexit(std::exception_ptr error) const;

private:
    SessionHandle state_;
};

}  // namespace hocket::http
