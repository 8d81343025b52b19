// SPDX-License-Identifier: MIT
// The time that the phases of a request may take.
#pragma once

#include <hocket/base/clock.h>

namespace hocket::http {

/// Stands for the session's time limit.
inline constexpr Duration default_timeout = std::chrono::nanoseconds(-1);

/// `session.get(url, {.timeout = 60s, .timeouts = {.connect = 2s, .sock_read = 10s}})`: what each phase may take (`aiohttp.ClientTimeout`,
/// `httpx.Timeout`; `total` is `timeout`). 0: no limit; less: it has passed already. What is not given is the session's, which has none by itself. The one that passes throws an
/// exception of its own.
struct ClientTimeout {
    Duration pool = default_timeout;  ///< the wait for one of the session's places: PoolTimeout
    /// Name, connection, proxy and TLS handshake together: ConnectTimeout. A handshake never takes more than 60 s.
    Duration connect = default_timeout;
    /// Between two arrivals of bytes of the answer, once the body is sent: ReadTimeout.
    Duration sock_read = default_timeout;
    /// Until the server has taken 64 KiB of a large body, or a piece of a stream: WriteTimeout.
    Duration write = default_timeout;
};

}  // namespace hocket::http
