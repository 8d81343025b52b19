// SPDX-License-Identifier: MIT
// Addresses as a simulated kernel compares them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

struct sockaddr;

namespace hocket::sim {

/// The network address of a host: four bytes, or sixteen.
struct Ip {
    std::array<std::uint8_t, 16> bytes{};  // of IPv4 the first four
    bool v6 = false;

    static Ip v4_of(std::uint32_t number) noexcept;
    bool is_any() const noexcept { return bytes == std::array<std::uint8_t, 16>{}; }
    bool is_loopback() const noexcept;
    friend auto operator<=>(const Ip&, const Ip&) = default;
};

/// Of a socket. A UNIX-domain socket has a path in place of a number and a port: absent for one without a name. Where that leads to a file, which
/// may have other names, too, the kernel goes by the file.
struct SocketAddress {
    Ip ip;
    std::uint16_t port = 0;
    bool local = false;
    std::string path;
    std::uint64_t device = 0, inode = 0;  ///< of the file, once it was looked up

    bool is_abstract() const noexcept { return local && path.starts_with('\0'); }
    /// Nothing for a family that a simulation has not, or a size that is wrong.
    static std::optional<SocketAddress> from(const sockaddr* raw, unsigned size);
    /// Writes what fits, and how long it is in `size`, as getsockname (man 2) does.
    void write(sockaddr* raw, unsigned* size) const noexcept;
    /// `10.0.0.1:80`, `[fd00::1]:80`, `unix:/run/x`
    std::string str() const;
    friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

}  // namespace hocket::sim
