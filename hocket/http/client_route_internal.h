// SPDX-License-Identifier: MIT
// How a request reaches its server: what a connection must have in common with another to be used in its place.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/http/client_response_internal.h>
#include <hocket/http/client_timeout.h>
#include <hocket/http/client_trace_internal.h>
#include <hocket/http/proxy_internal.h>
#include <hocket/http/request_options.h>
#include <hocket/http/url.h>
#include <hocket/net/tls_context.h>

#include <cstdint>
#include <optional>
#include <string>

namespace hocket::http {

/// Whom https believes.
struct TlsTerms {
    TlsContext context = {};  // empty: one of the session's own making
    bool any_certificate = false;
    std::string fingerprint = {};  // 32 bytes, or none
};

/// What holds for one request of the program's, with all redirects.
struct Terms {
    Deadline deadline;
    ClientTimeout timeouts;               // each is a limit, or 0; what is below 0 has passed
    const RetryOptions* retry = nullptr;  // the request's, or the session's
    Unique<Proxy> proxy;                  // null: the session's
    std::optional<TlsTerms> tls;          // of `origin`; nothing: the session's, as everywhere else
    std::string origin;                   // of the request's first URL, where `tls` is said of it
    Shared<ClientTrace> trace;            // null: nobody listens
};

/// Refers to what it is made of. Throws ValueError and InvalidUrl for what makes no sense.
Terms make_terms(const SessionOptions& session, const RequestOptions& options, const Url& url);
/// The 32 bytes of such a text; empty for an empty one. Throws ValueError.
std::string parse_fingerprint(std::string_view text);

struct ClientRoute {
    /// The same for connections that may stand for each other: origin, proxy with its credentials, TLS settings.
    std::string key = {};
    Url origin = {};         // of the server, for a connector
    std::string place = {};  // scheme, host and port of the server: connections to it are counted
    std::string host = {};
    std::uint16_t port = 0;
    Proxy proxy = {};
    TlsContext tls = {};        // empty: no https
    TlsContext proxy_tls = {};  // of a proxy that is spoken to by https
    std::string fingerprint = {};
    bool is_tls_given = false;  // by the program, who may have it agree on other protocols

    /// The proxy is asked for the URL, and there is no tunnel.
    bool is_forwarded() const noexcept { return proxy.speaks_http() && !tls; }
    /// `example.org:443`
    std::string server() const;
};

/// The ways of one session.
class ClientRoutes {
public:
    explicit ClientRoutes(const SessionOptions& options);
    /// Reads the system's certificates when they are needed first. Throws TlsError, OSError.
    Shared<const ClientRoute> find(const Url& url, const Terms& terms);

private:
    ClientRoute make(const Url& url, const Terms& terms);
    TlsContext own_context(bool any_certificate);

    ProxySettings proxies_;
    TlsTerms tls_;
    bool is_direct_;  // a connector or a UNIX socket stands for all
    bool has_connector_;
    TlsContext verifying_, believing_;
    Shared<const ClientRoute> last_;  // the last one to which a request has gone as the session says
};

}  // namespace hocket::http
