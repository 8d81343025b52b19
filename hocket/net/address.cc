// SPDX-License-Identifier: MIT
// Reading and writing addresses, and their form in the system's calls.
#include <hocket/net/address.h>

#include <hocket/base/errors.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace hocket {

namespace {

constexpr std::string_view local_prefix = "unix:";

template <class Number>
std::optional<Number> whole_number(std::string_view text) noexcept {
    Number n{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return n;
}

// An interface by name or number; 0 where there is none.
std::uint32_t scope_of(std::string_view name) {
    const auto number = whole_number<std::uint32_t>(name);
    return number ? *number : if_nametoindex(std::string(name).c_str());
}

std::string scope_name(std::uint32_t scope) {
    char name[IF_NAMESIZE];
    return if_indextoname(scope, name) ? name : std::to_string(scope);
}

[[noreturn]] void throw_no_address(std::string_view text) { throw ValueError("not an address: " + std::string(text)); }

}  // namespace

Address::Path::Path(std::string path) : text(Unique<const std::string>::make(std::move(path))) {}
Address::Path::Path(const Path& other) : text(other.text ? Unique<const std::string>::make(*other.text) : nullptr) {}
Address::Path::~Path() = default;

std::optional<Address> Address::numeric(std::string_view host, std::uint16_t port) {
    Address a;
    a.port_ = port;
    const std::size_t percent = host.find('%');
    const std::string bare(host.substr(0, percent));
    if (bare.find('\0') != std::string::npos) return std::nullopt;
    if (percent == std::string_view::npos && inet_pton(AF_INET, bare.c_str(), a.ip_.data()) == 1) {
        a.family_ = AddressFamily::ipv4;
        return a;
    }
    if (inet_pton(AF_INET6, bare.c_str(), a.ip_.data()) != 1) return std::nullopt;
    a.family_ = AddressFamily::ipv6;
    if (percent != std::string_view::npos) {
        a.scope_ = scope_of(host.substr(percent + 1));
        if (a.scope_ == 0) return std::nullopt;
    }
    return a;
}

Address Address::parse(std::string_view text) {
    if (text.starts_with(local_prefix)) {
        std::string path(text.substr(local_prefix.size()));
        if (path.starts_with('@')) path[0] = '\0';
        return local(std::move(path));
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) throw_no_address(text);
    std::string_view host = text.substr(0, colon);
    const bool in_brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (in_brackets) host = host.substr(1, host.size() - 2);
    const auto port = whole_number<std::uint16_t>(text.substr(colon + 1));
    const auto address = port ? numeric(host, *port) : std::nullopt;
    if (!address || (address->family() == AddressFamily::ipv6) != in_brackets) throw_no_address(text);
    return *address;
}

Address Address::any(AddressFamily family, std::uint16_t port) {
    return *numeric(family == AddressFamily::ipv6 ? "::" : "0.0.0.0", port);
}

Address Address::loopback(AddressFamily family, std::uint16_t port) {
    return *numeric(family == AddressFamily::ipv6 ? "::1" : "127.0.0.1", port);
}

Address Address::local(std::string path) {
    constexpr std::size_t room = sizeof(sockaddr_un::sun_path) - 1;
    if (path.size() > room) throw ValueError("the path of a UNIX-domain socket has room for 107 bytes: " + path);
    Address a;
    a.family_ = AddressFamily::local;
    if (!path.empty()) a.path_ = Path(std::move(path));
    return a;
}

Address Address::from_raw(const RawAddress& raw) {
    Address a;
    sa_family_t family = AF_UNSPEC;
    if (raw.size >= sizeof family) std::memcpy(&family, raw.bytes + offsetof(sockaddr, sa_family), sizeof family);
    if (family == AF_INET && raw.size >= sizeof(sockaddr_in)) {
        sockaddr_in in{};
        std::memcpy(&in, raw.bytes, sizeof in);
        std::memcpy(a.ip_.data(), &in.sin_addr, sizeof in.sin_addr);
        a.port_ = ntohs(in.sin_port);
        a.family_ = AddressFamily::ipv4;
    } else if (family == AF_INET6 && raw.size >= sizeof(sockaddr_in6)) {
        sockaddr_in6 in{};
        std::memcpy(&in, raw.bytes, sizeof in);
        std::memcpy(a.ip_.data(), &in.sin6_addr, sizeof in.sin6_addr);
        a.port_ = ntohs(in.sin6_port);
        a.scope_ = in.sin6_scope_id;
        a.family_ = AddressFamily::ipv6;
    } else if (family == AF_UNIX) {
        constexpr std::size_t before = offsetof(sockaddr_un, sun_path);
        const auto* path = reinterpret_cast<const char*>(raw.bytes) + before;
        std::size_t size = std::min<std::size_t>(raw.size, sizeof raw.bytes) - std::min<std::size_t>(raw.size, before);
        if (size > 0 && path[0] != '\0') size = strnlen(path, size);
        a = local(std::string(path, std::min(size, sizeof(sockaddr_un::sun_path) - 1)));
    }
    return a;
}

RawAddress Address::raw() const noexcept {
    RawAddress raw{};
    if (family_ == AddressFamily::ipv4) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(port_);
        std::memcpy(&in.sin_addr, ip_.data(), sizeof in.sin_addr);
        raw.size = sizeof in;
        std::memcpy(raw.bytes, &in, sizeof in);
    } else if (family_ == AddressFamily::ipv6) {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(port_);
        in.sin6_scope_id = scope_;
        std::memcpy(&in.sin6_addr, ip_.data(), sizeof in.sin6_addr);
        raw.size = sizeof in;
        std::memcpy(raw.bytes, &in, sizeof in);
    } else {
        sockaddr_un un{};
        un.sun_family = family_ == AddressFamily::local ? AF_UNIX : AF_UNSPEC;
        path().copy(un.sun_path, sizeof un.sun_path);
        // A file's path is followed by a 0; an abstract name is as long as the size says.
        const bool file = !path().empty() && path()[0] != '\0';
        raw.size = static_cast<unsigned>(offsetof(sockaddr_un, sun_path) + path().size() + (file ? 1 : 0));
        std::memcpy(raw.bytes, &un, sizeof un);
    }
    return raw;
}

std::string Address::host() const {
    if (!is_ip()) return std::string(path());
    char text[INET6_ADDRSTRLEN];
    inet_ntop(family_ == AddressFamily::ipv4 ? AF_INET : AF_INET6, ip_.data(), text, sizeof text);
    return scope_ ? std::string(text) + '%' + scope_name(scope_) : text;
}

Address Address::with_port(std::uint16_t port) const {
    Address a = *this;
    a.port_ = port;
    return a;
}

std::string Address::str() const {
    switch (family_) {
        case AddressFamily::ipv4: return host() + ':' + std::to_string(port_);
        case AddressFamily::ipv6: return '[' + host() + "]:" + std::to_string(port_);
        case AddressFamily::local: {
            std::string text(local_prefix);
            text += path();
            if (text.size() > local_prefix.size() && text[local_prefix.size()] == '\0') text[local_prefix.size()] = '@';
            return text;
        }
        case AddressFamily::unspecified: break;
    }
    return "nowhere";
}

Port::Port(Parsed, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) throw ValueError("a null character in the name of a service");
    if (text.find_first_not_of("0123456789") != std::string_view::npos) {
        service_ = text;
    } else if (!text.empty()) {
        const auto number = whole_number<std::uint16_t>(text);
        if (!number) throw ValueError("port must be 0-65535, not " + std::string(text));
        number_ = *number;
    }
}

bool operator==(const Address& a, const Address& b) noexcept {
    return a.family_ == b.family_ && a.ip_ == b.ip_ && a.port_ == b.port_ && a.scope_ == b.scope_ &&
           a.path() == b.path();
}

}  // namespace hocket
