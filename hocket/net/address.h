// SPDX-License-Identifier: MIT
// Addresses of sockets as values: IPv4, IPv6 and UNIX-domain; and ports.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/owners.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace hocket {

enum class AddressFamily : std::uint8_t { unspecified, ipv4, ipv6, local };

/// An address as the system has it, for calls of the backend.
struct RawAddress {
    alignas(8) unsigned char bytes[128];
    unsigned size = sizeof bytes;  ///< how many of them count

    sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(bytes); }
    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(bytes); }
};

/// Where a socket is, or is to be: a numeric host and a port, or a path. A value, safe to copy between threads. Python's counterpart is
/// the tuple `(host, port)`, or the path.
class HOCKET_EXPORT Address {
public:
    /// No address.
    Address() noexcept = default;

    /// `127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`, `unix:/run/x.sock` (`unix:@x` for an abstract one): what `str` gives. Host names
    /// are not resolved here. Throws ValueError for anything else.
    static Address parse(std::string_view text);
    /// Of a host as `host` gives it; nothing if it is not numeric. An IPv6 scope follows a `%`.
    static std::optional<Address> numeric(std::string_view host, std::uint16_t port);
    /// All interfaces, for servers: `0.0.0.0` or `::`.
    static Address any(AddressFamily family, std::uint16_t port);
    static Address loopback(AddressFamily family, std::uint16_t port);
    /// A UNIX-domain socket's. A first character of 0 makes an abstract name, which is no file. Throws ValueError when the system has no
    /// room for so long a path.
    static Address local(std::string path);
    /// What the system gave; nothing for a family that is none of ours.
    static Address from_raw(const RawAddress& raw);
    RawAddress raw() const noexcept;

    AddressFamily family() const noexcept { return family_; }
    explicit operator bool() const noexcept { return family_ != AddressFamily::unspecified; }
    bool is_ip() const noexcept { return family_ == AddressFamily::ipv4 || family_ == AddressFamily::ipv6; }
    /// `127.0.0.1`, `::1`, `fe80::1%eth0`; the path of a UNIX-domain socket.
    std::string host() const;
    std::uint16_t port() const noexcept { return port_; }
    Address with_port(std::uint16_t port) const;
    /// Of a UNIX-domain socket; empty for one without a name.
    std::string_view path() const noexcept { return path_.text ? std::string_view(*path_.text) : std::string_view(); }
    /// For messages: see `parse`; `nowhere` for no address.
    std::string str() const;

    friend HOCKET_EXPORT bool operator==(const Address& a, const Address& b) noexcept;

private:
    // One word, since every connection keeps an address.
    struct HOCKET_EXPORT Path {
        Unique<const std::string> text;
        Path() noexcept = default;
        explicit Path(std::string path);
        Path(const Path& other);
        Path(Path&&) noexcept = default;
        Path& operator=(Path other) noexcept {
            std::swap(text, other.text);
            return *this;
        }
        ~Path();
    };

    std::array<std::uint8_t, 16> ip_{};  // in the network's order; of IPv4 the first four
    std::uint32_t scope_ = 0;            // of IPv6: the interface of a link-local address
    std::uint16_t port_ = 0;
    AddressFamily family_ = AddressFamily::unspecified;
    Path path_;
};

/// A port by its number, or by the name of a service that stands for it, `"http"` (services(5)). The text of a number is that number, and
/// an empty one is 0, as in Python.
class HOCKET_EXPORT Port {
public:
    Port(std::uint16_t number) noexcept : number_(number) {}
    /// Throws ValueError for a number of more than 16 bits, and for a name with a null character.
    template <std::convertible_to<std::string_view> Text>
    Port(const Text& text) : Port(Parsed{}, text) {}

    /// 0 where there is a service.
    std::uint16_t number() const noexcept { return number_; }
    /// Empty where there is a number.
    const std::string& service() const noexcept { return service_; }

private:
    struct Parsed {};
    Port(Parsed, std::string_view text);

    std::uint16_t number_ = 0;
    std::string service_;
};

}  // namespace hocket
