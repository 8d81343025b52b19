// SPDX-License-Identifier: MIT
// From events to sums.
#include "phases.h"

void Phases::begin(Phase phase, std::int64_t at) {
    open_ = phase;
    is_open_ = true;
    begun_ = at;
}

void Phases::end(Phase phase, std::int64_t at) {
    if (!is_open_ || open_ != phase) return;
    spent_.at(phase) += at - begun_;
    happened_.at(phase) = true;
    is_open_ = false;
}

void Phases::note(const hocket::http::TraceEvent& event) {
    using hocket::http::Trace;
    const std::int64_t at = event.at.count();
    last_ = at;
    switch (event.event) {
        case Trace::dns_start: return begin(lookup, at);
        case Trace::dns_end: return end(lookup, at);
        case Trace::connect_start: return begin(connect, at);
        // A proxy's consent belongs to the connection; where there is none, nothing is added behind this.
        case Trace::connect_end: end(connect, at); return begin(connect, at);
        case Trace::proxy_end: return end(connect, at);
        case Trace::tls_start: return begin(tls, at);
        case Trace::tls_end: end(tls, at); return begin(connect, at);
        case Trace::request_sent: return begin(first_byte, at);
        case Trace::response_start: end(first_byte, at); return begin(body, at);
        case Trace::body_end: return end(body, at);
        case Trace::redirect: redirects_.push_back({event.status, event.url.str()}); return;
        default: return;
    }
}

std::optional<double> Phases::seconds(Phase phase) const {
    if (!happened_.at(phase)) return std::nullopt;
    return static_cast<double>(spent_.at(phase)) * 1e-9;
}
