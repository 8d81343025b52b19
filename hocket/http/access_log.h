// SPDX-License-Identifier: MIT
// One line for each request that a server answers.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/function.h>
#include <hocket/base/owners.h>

#include <string_view>

namespace hocket::http {

/// Takes each line, without a newline. It is called by one thread at a time, and before the next request of the connection is looked at: it should
/// not take long.
using AccessLogSink = Function<void(std::string_view line)>;

/// Where a server's lines about requests go, and what is in them (aiohttp's `access_log` and `access_log_format`). Copies stand for the
/// same one; empty, there are none. Thread-safe: several loops may share one.
///
///     http::serve(app, "127.0.0.1", 8080, {.access_log = http::AccessLog([](std::string_view line) { ... })});
///
/// | | |
/// | --- | --- |
/// | `%a` | the client's address: `Request::remote` |
/// | `%t` | when the request came, in UTC: `[06/Nov/1994:08:49:37 +0000]` |
/// | `%r` | its first line |
/// | `%s` | the answer's status; 499 if its client went before there was one |
/// | `%b` | bytes of the answer's body that were given to the system |
/// | `%T`, `%Tf`, `%D` | what it took: seconds, seconds with six decimals, microseconds |
/// | `%{Name}i`, `%{Name}o` | a field of the request, of the answer |
/// | `%P` | the process; in a simulation always 1 |
/// | `%%` | `%` |
///
/// What is missing is `-`. Whatever a client or a handler says is escaped: control characters and bytes above 126 as `\x1b`, `\r`, `\n`,
/// quotation marks and backslashes by a backslash. A request that is none has the line `-`.
class HOCKET_EXPORT AccessLog {
public:
    static constexpr std::string_view default_format = R"(%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i")";

    AccessLog() noexcept;
    /// Throws ValueError for an empty sink, and for a format with something else behind a `%`.
    explicit AccessLog(AccessLogSink sink, std::string_view format = default_format);
    AccessLog(const AccessLog&) noexcept;
    AccessLog& operator=(const AccessLog&) noexcept;
    ~AccessLog();

    explicit operator bool() const noexcept { return static_cast<bool>(state_); }

private:
    friend class HttpConnection;
    friend struct AccessEntry;
    class State;
    Shared<State> state_;
};

}  // namespace hocket::http
