// SPDX-License-Identifier: MIT
// The system's form of addresses, read and written.
#include <hocket/io/sim_address_internal.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <algorithm>
#include <cstddef>
#include <cstring>

namespace hocket::sim {

Ip Ip::v4_of(std::uint32_t number) noexcept {
    Ip ip;
    for (unsigned i = 0; i < 4; ++i) ip.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    return ip;
}

bool Ip::is_loopback() const noexcept {
    if (!v6) return bytes[0] == 127;
    std::array<std::uint8_t, 16> one{};
    one[15] = 1;
    return bytes == one;
}

std::optional<SocketAddress> SocketAddress::from(const sockaddr* raw, unsigned size) {
    if (raw == nullptr || size < sizeof(sa_family_t)) return std::nullopt;
    SocketAddress address;
    switch (raw->sa_family) {
        case AF_INET: {
            sockaddr_in in{};
            if (size < sizeof in) return std::nullopt;
            std::memcpy(&in, raw, sizeof in);
            std::memcpy(address.ip.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
            address.port = ntohs(in.sin_port);
            return address;
        }
        case AF_INET6: {
            sockaddr_in6 in{};
            if (size < sizeof in) return std::nullopt;
            std::memcpy(&in, raw, sizeof in);
            std::memcpy(address.ip.bytes.data(), &in.sin6_addr, sizeof in.sin6_addr);
            address.ip.v6 = true;
            address.port = ntohs(in.sin6_port);
            return address;
        }
        case AF_UNIX: {
            const auto* path = reinterpret_cast<const char*>(raw) + offsetof(sockaddr_un, sun_path);
            const std::size_t room = size - std::min<std::size_t>(size, offsetof(sockaddr_un, sun_path));
            address.local = true;
            if (room > 0) address.path.assign(path, *path == '\0' ? room : strnlen(path, room));
            return address;
        }
        default: return std::nullopt;
    }
}

void SocketAddress::write(sockaddr* raw, unsigned* size) const noexcept {
    if (raw == nullptr || size == nullptr) return;
    sockaddr_storage whole{};
    std::size_t length = 0;
    if (local) {
        auto& un = reinterpret_cast<sockaddr_un&>(whole);
        un.sun_family = AF_UNIX;
        const std::size_t count = std::min(path.size(), sizeof un.sun_path);
        std::memcpy(un.sun_path, path.data(), count);
        length = offsetof(sockaddr_un, sun_path) + count + (count > 0 && path[0] != '\0' ? 1 : 0);
    } else if (ip.v6) {
        auto& in = reinterpret_cast<sockaddr_in6&>(whole);
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(port);
        std::memcpy(&in.sin6_addr, ip.bytes.data(), sizeof in.sin6_addr);
        length = sizeof in;
    } else {
        auto& in = reinterpret_cast<sockaddr_in&>(whole);
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::memcpy(&in.sin_addr, ip.bytes.data(), sizeof in.sin_addr);
        length = sizeof in;
    }
    std::memcpy(raw, &whole, std::min<std::size_t>(*size, length));
    *size = static_cast<unsigned>(length);
}

std::string SocketAddress::str() const {
    if (local) {
        if (path.empty()) return "unix:";
        return "unix:" + (path[0] == '\0' ? "@" + path.substr(1) : path);
    }
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(ip.v6 ? AF_INET6 : AF_INET, ip.bytes.data(), text, sizeof text);
    const std::string host = ip.v6 ? std::string("[") + text + "]" : std::string(text);
    return host + ":" + std::to_string(port);
}

}  // namespace hocket::sim
