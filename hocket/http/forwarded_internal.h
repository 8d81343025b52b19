// SPDX-License-Identifier: MIT
// Who the client of a request is, behind proxies that are trusted to say so.
#pragma once

#include <hocket/base/config.h>
#include <hocket/http/headers.h>
#include <hocket/http/ip_network_internal.h>
#include <hocket/net/address.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

/// As the client sees its request.
struct Forwarding {
    std::string remote;  // its address
    std::string scheme;  // `http` or `https`
    std::string host;    // whom it asked
};

/// Which fields the trusted proxies write.
enum class ForwardedFields : std::uint8_t;

/// Proxies that are believed, and nobody else.
class HOCKET_EXPORT TrustedProxies {
public:
    TrustedProxies() = default;
    /// Addresses `10.0.0.1`, networks `10.0.0.0/8` and `fd00::/8`, `unix`. Throws ValueError for what is none of these.
    TrustedProxies(const std::vector<std::string>& proxies, ForwardedFields fields);

    bool trusts(const Address& peer) const noexcept;
    /// What the fields say, if `peer` is trusted; `direct` as far as it is not or they do not.
    Forwarding resolve(const Headers& headers, const Address& peer, const Forwarding& direct) const;

private:
    void walk_forwarded(const Headers& headers, Forwarding& to) const;
    void walk_x_forwarded(const Headers& headers, Forwarding& to) const;

    std::vector<IpNetwork> networks_;
    bool trusts_unix_ = false;
    bool reads_forwarded_ = false;
};

}  // namespace hocket::http
