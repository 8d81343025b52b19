// SPDX-License-Identifier: MIT
// A request's way to the program's trace sink.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/http/client_trace.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace hocket::http {

/// What is told of one request, with its redirects. Shared by the request, its connection while that is made, and its response.
class ClientTrace {
public:
    ClientTrace(Shared<const TraceSink> sink, std::uint64_t number, std::string method, Url url);
    /// The request has become another one.
    void aim(const std::string& method, const Url& url);
    void tell(Trace event, int status = 0, std::string_view detail = {}) const noexcept;

private:
    Shared<const TraceSink> sink_;
    std::uint64_t number_;
    std::int64_t begun_;
    std::string method_;
    Url url_;
};

/// Nothing happens where nobody listens.
inline void tell(const Shared<ClientTrace>& trace, Trace event, int status = 0, std::string_view detail = {}) noexcept {
    if (trace) [[unlikely]]
        trace->tell(event, status, detail);
}

}  // namespace hocket::http
