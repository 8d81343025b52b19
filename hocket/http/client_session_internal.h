// SPDX-License-Identifier: MIT
// What a session's handles and requests share.
#pragma once

#include <hocket/base/memory.h>
#include <hocket/http/client_auth_internal.h>
#include <hocket/http/client_request_internal.h>
#include <hocket/http/client_route_internal.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_trace_internal.h>
#include <hocket/http/connection_pool_internal.h>

#include <cstdint>
#include <utility>

namespace hocket::http {

class SessionState final : public Pooled {
public:
    explicit SessionState(SessionOptions given)
        : trace(given.trace ? Shared<const TraceSink>(Shared<TraceSink>::make(std::move(given.trace))) : nullptr),
          options(checked(std::move(given))),
          routes(options),
          defaults(options),
          jar(options.cookie_jar ? *options.cookie_jar : CookieJar()),
          pool(*new ConnectionPool(options)) {}
    SessionState(const SessionState&) = delete;
    SessionState& operator=(const SessionState&) = delete;

    void share() noexcept { ++refs_; }
    void drop() noexcept {
        if (--refs_ == 0) delete this;
    }

    const Shared<const TraceSink> trace;  // null: nobody listens
    std::uint64_t requests = 0;           // that were traced
    const SessionOptions options;
    ClientRoutes routes;
    const RequestDefaults defaults;
    CookieJar jar;
    DigestMemory digests;
    std::string spare_text;  // memory for a request's head
    ConnectionPool& pool;

private:
    ~SessionState() { pool.drop(); }
    static SessionOptions checked(SessionOptions given) {
        static_cast<void>(write_cookies(given.cookies));  // throws for what cannot be sent
        return given;
    }

    std::uint32_t refs_ = 1;
};

}  // namespace hocket::http
