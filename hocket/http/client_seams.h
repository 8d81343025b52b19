// SPDX-License-Identifier: MIT
// Where a program can put something of its own into a client: names, connections, and what is done around each request.
#pragma once

#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/url.h>
#include <hocket/net/address.h>
#include <hocket/net/open_connection.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket::http {

class Application;
class ClientResponse;
struct OutgoingRequest;
struct ServeOptions;

/// The addresses of a host, in the order in which they are to be tried (`aiohttp.abc.AbstractResolver`). Its port is in them. An OSError that it
/// throws fails the request. Not called for numeric hosts, nor for those behind a proxy.
using HostResolver = Function<Coro<std::vector<Address>>(std::string host, std::uint16_t port)>;

/// Makes the connection to a server, whose origin it is given, in place of name, socket, proxy and TLS (`aiohttp.BaseConnector`,
/// `httpx.AsyncBaseTransport`): HTTP/1 is spoken over what it returns. The URL lives until it has ended.
using Connector = Function<Coro<Streams>(const Url& origin)>;

/// A connector whose servers are all this application, in memory and without a socket, whatever the URL: for tests (`httpx.ASGITransport`,
/// `httpx.MockTransport`). For an https URL, `request.secure()` holds. Its hooks of start and end are not run, since a connector has no end that could be waited for: `co_await app.startup()`
/// before the first request, `app.shutdown()` and `app.cleanup()` after the last one, where it has some.
///
///     ClientSession session({.base_url = "http://test", .connector = http::connect_to(app)});
HOCKET_EXPORT Connector connect_to(const Application& app);
HOCKET_EXPORT Connector connect_to(const Application& app, const ServeOptions& options);

/// What the next middleware, or the session itself, makes of a request. May be called several times, but not after the middleware's end.
class HOCKET_EXPORT NextRequest {
public:
    using Call = Coro<ClientResponse> (*)(const void* state, std::size_t index, OutgoingRequest request);
    NextRequest(Call call, const void* state, std::size_t index) noexcept : call_(call), state_(state), index_(index) {}
    Coro<ClientResponse> operator()(OutgoingRequest request) const;

private:
    Call call_;
    const void* state_;
    std::size_t index_;
};

/// A coroutine function `(OutgoingRequest, NextRequest) -> Coro<ClientResponse>` that stands between caller and session (aiohttp 3.12's client
/// middlewares): it may change the request, send it several times, answer from elsewhere, look at the response. It is around the request with
/// its redirects, and sees what `raise_for_status` would throw for. It lives as long as the session and its requests; copies stand for the same one.
class ClientMiddleware {
public:
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, ClientMiddleware>)
    ClientMiddleware(F&& f) : function_(make(std::forward<F>(f))) {}

    Coro<ClientResponse> operator()(OutgoingRequest request, NextRequest next) const;

private:
    using Body = Function<Coro<ClientResponse>(OutgoingRequest, NextRequest)>;

    template <class F>
    static Shared<Body> make(F&& f) {
        constexpr bool fits =
            std::is_invocable_r_v<Coro<ClientResponse>, std::decay_t<F>&, OutgoingRequest, NextRequest>;
        static_assert(
            fits,
            "hocket: a middleware is a coroutine function of http::OutgoingRequest and http::NextRequest that "
            "gives http::ClientResponse");
        if constexpr (fits) {
            return Shared<Body>::make(std::forward<F>(f));
        } else {
            return nullptr;
        }
    }

    Shared<Body> function_;
};

}  // namespace hocket::http
