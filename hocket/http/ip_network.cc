// SPDX-License-Identifier: MIT
// Networks out of text, and who is in them.
#include <hocket/http/ip_network_internal.h>

#include <hocket/http/reading_internal.h>
#include <netinet/in.h>
#include <algorithm>
#include <cstring>

namespace hocket::http {

std::optional<IpBytes> ip_bytes(const Address& address) noexcept {
    if (!address.is_ip()) return std::nullopt;
    const RawAddress raw = address.raw();
    IpBytes bytes{};
    if (address.family() == AddressFamily::ipv4) {
        bytes[10] = bytes[11] = 0xff;
        std::memcpy(bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(raw.get())->sin_addr, 4);
    } else {
        std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(raw.get())->sin6_addr, 16);
    }
    return bytes;
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    std::string_view host = text.substr(0, slash);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const auto address = Address::numeric(host, 0);
    const auto bytes = address ? ip_bytes(*address) : std::nullopt;
    if (!bytes) return std::nullopt;
    IpNetwork network{.bytes = *bytes};
    if (slash == std::string_view::npos) return network;
    const unsigned most = address->family() == AddressFamily::ipv4 ? 32 : 128;
    const std::string_view digits = text.substr(slash + 1);
    const auto bits = read_number<unsigned>(digits);
    if (!bits || *bits > most) return std::nullopt;
    network.bits = 128 - most + *bits;
    return network;
}

bool IpNetwork::contains(const IpBytes& address) const noexcept {
    const unsigned whole = bits / 8, rest = bits % 8;
    if (!std::equal(bytes.begin(), bytes.begin() + whole, address.begin())) return false;
    return rest == 0 || (bytes[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool IpNetwork::has_host_bits() const noexcept {
    for (unsigned bit = bits; bit < 128; ++bit) {
        if (bytes[bit / 8] & (0x80U >> bit % 8)) return true;
    }
    return false;
}

}  // namespace hocket::http
