// SPDX-License-Identifier: MIT
// Telling what happens to requests.
#include <hocket/http/client_trace_internal.h>

#include <hocket/core/event_loop.h>

#include <iterator>
#include <utility>

namespace hocket::http {

std::string_view trace_name(Trace event) noexcept {
    constexpr std::string_view names[] = {"request_start", "queued_start",  "queued_end",     "reuse",     "dns_start",
                                          "dns_end",       "connect_start", "connect_end",    "proxy_end", "tls_start",
                                          "tls_end",       "request_sent",  "response_start", "redirect",  "retry",
                                          "request_end",   "request_error", "body_end",       "body_error"};
    static_assert(std::size(names) == static_cast<std::size_t>(Trace::body_error) + 1);
    return names[static_cast<std::size_t>(event)];
}

ClientTrace::ClientTrace(Shared<const TraceSink> sink, std::uint64_t number, std::string method, Url url)
    : sink_(std::move(sink)),
      number_(number),
      begun_(get_running_loop().backend().now()),
      method_(std::move(method)),
      url_(std::move(url)) {}

void ClientTrace::aim(const std::string& method, const Url& url) {
    method_ = method;
    url_ = url;
}

void ClientTrace::tell(Trace event, int status, std::string_view detail) const noexcept {
    if (!this_loop) return;  // a response that outlives its loop
    try {
        const Duration at = std::chrono::nanoseconds(this_loop->backend().now() - begun_);
        (*sink_)(TraceEvent{event, number_, at, method_, url_, status, detail});
    } catch (...) {
        this_loop->call_exception_handler(
            {.message = "exception in the trace of an HTTP session", .exception = std::current_exception()});
    }
}

}  // namespace hocket::http
