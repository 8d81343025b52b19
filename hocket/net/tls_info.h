// SPDX-License-Identifier: MIT
// What can be asked of a TLS connection: what was agreed on, and who the peer is.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/net/tls_context.h>

#include <optional>
#include <string>
#include <vector>

namespace hocket {

/// A certificate (`getpeercert()`).
struct TlsCertificate {
    std::string subject;  ///< `CN=example.org,O=Example` (RFC 2253)
    std::string issuer;
    std::vector<std::string> dns_names;                           ///< of its subjectAltName
    std::vector<std::string> ip_addresses;                        ///< of its subjectAltName
    std::chrono::system_clock::time_point not_before, not_after;  ///< the clock ends in 2262: what is beyond is that
    std::string serial_number;                                    ///< in hexadecimal
    std::string der;  ///< all of it, as it was sent (`getpeercert(binary_form=True)`)
};

/// What `writer.tls()` gives (`get_extra_info` of `sslcontext`, `peercert`, `cipher`).
struct TlsInfo {
    TlsContext context;
    std::string version;          ///< `TLSv1.3`
    std::string cipher;           ///< `TLS_AES_256_GCM_SHA384`
    int cipher_bits = 0;          ///< of its secret
    std::string alpn_protocol;    ///< empty: none was agreed on
    std::string server_hostname;  ///< of a client: whom it asked for; of a server: what the client asked for
    bool session_reused = false;  ///< whether an earlier session was resumed
    std::optional<TlsCertificate> peer_certificate;  ///< not verified, where `verify_mode` is `none`
};

}  // namespace hocket
