// SPDX-License-Identifier: MIT
// Addresses as numbers, and networks of them: whom a list such as no_proxy means.
#pragma once

#include <hocket/net/address.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hocket::http {

/// An address of IPv6; one of IPv4 as `::ffff:10.0.0.1`, so that a socket of both families makes no difference.
using IpBytes = std::array<std::uint8_t, 16>;

/// Nothing for an address that is not of IP.
std::optional<IpBytes> ip_bytes(const Address& address) noexcept;

struct IpNetwork {
    IpBytes bytes = {};
    unsigned bits = 128;  ///< that count

    /// `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`, `[::1]`; nothing for all else.
    static std::optional<IpNetwork> parse(std::string_view text);

    bool contains(const IpBytes& address) const noexcept;
    /// Whether there are bits of a host behind those that count.
    bool has_host_bits() const noexcept;
};

}  // namespace hocket::http
