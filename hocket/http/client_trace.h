// SPDX-License-Identifier: MIT
// What happens to a client's requests, and when, as a program is told of it.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/function.h>
#include <hocket/http/url.h>

#include <cstdint>
#include <string_view>

namespace hocket::http {

/// The events of `aiohttp.TraceConfig`, in the order in which they come. Those from `queued_start` to `response_start` come once for
/// each request that goes out, redirects and repetitions included.
enum class Trace : std::uint8_t {
    request_start,
    queued_start,  ///< no place is free: it waits for one
    queued_end,
    reuse,           ///< a kept connection is taken
    dns_start,       ///< `detail`: the name
    dns_end,         ///< `detail`: the first address
    connect_start,   ///< `detail`: where to
    connect_end,     ///< TCP's connection is there, or the UNIX socket's
    proxy_end,       ///< the proxy has agreed; `detail`: which one
    tls_start,       ///< `detail`: whom the certificate must be for
    tls_end,         ///< `detail`: `TLSv1.3`, `TLSv1.3 resumed`
    request_sent,    ///< given to the connection: it leaves with this turn of the loop; a large body goes on beside
    response_start,  ///< the head of the response has come; `status` is its own
    redirect,        ///< `url` is the new one; `status` is the redirect's
    retry,           ///< it goes out once more after a pause; `detail`: why
    request_end,     ///< the caller gets the response
    request_error,   ///< the caller gets an exception; `detail`: what it says
    body_end,        ///< the body has come whole: before `request_end` if there is none
    body_error,      ///< the body cannot be read to its end; `detail`: why
};

/// `connect_end`: what an event is called.
HOCKET_EXPORT std::string_view trace_name(Trace event) noexcept;

/// Valid during the call.
struct TraceEvent {
    Trace event;
    std::uint64_t request;  ///< the session's first has number 1
    Duration at;            ///< since `request_start`
    std::string_view method;
    const Url& url;  ///< without user and password
    int status = 0;
    std::string_view detail = {};
};

/// `ClientSession session({.trace = [](const http::TraceEvent& e) {...}})`. Called on the loop's thread, in the midst of the request; it must not wait. What
/// it throws goes to the loop's exception handler.
using TraceSink = Function<void(const TraceEvent&)>;

}  // namespace hocket::http
