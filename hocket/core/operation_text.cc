// SPDX-License-Identifier: MIT
// Asks a backend, and the system where descriptors are its own, what a descriptor is.
#include <hocket/core/operation_text_internal.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstring>

namespace hocket {

namespace {

struct AnyAddress {
    sockaddr_storage bytes{};
    unsigned size = sizeof bytes;

    sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&bytes); }
    std::string text() { return address_text(get(), std::min<unsigned>(size, sizeof bytes)); }
};

template <std::size_t bytes>
std::string numeric(int family, const void* ip) {
    char text[bytes];
    return inet_ntop(family, ip, text, sizeof text) != nullptr ? text : "";
}

// Whether a socket has a port, or a path, that says something.
bool says_something(std::string_view address) { return !address.empty() && !address.ends_with(":0"); }

std::string socket_text(Backend& backend, int fd, int domain, int type, const std::string& peer) {
    std::string kind(socket_kind(domain, type));
    if (!peer.empty()) return kind + " to " + peer;
    AnyAddress remote, own;
    if (backend.getpeername(fd, remote.get(), &remote.size) == 0) {
        if (const std::string text = remote.text(); !text.empty()) return kind + " to " + text;
    }
    if (backend.getsockname(fd, own.get(), &own.size) == 0) {
        if (const std::string text = own.text(); says_something(text)) return kind + " on " + text;
    }
    return kind;
}

}  // namespace

std::string_view operation_words(Opcode code) noexcept {
    static constexpr std::array<std::string_view, 9> words{"poll of ",    "accept on ", "connect ",
                                                           "recv from ",  "send to ",   "recvmsg from ",
                                                           "sendmsg to ", "read from ", "write to "};
    const auto number = static_cast<std::size_t>(code);
    return number < words.size() ? words[number] : "an operation on ";
}

std::string address_text(const sockaddr* address, unsigned size) {
    const auto has = [&](std::size_t bytes) { return address != nullptr && size >= bytes; };
    const int family = has(sizeof(sa_family_t)) ? address->sa_family : AF_UNSPEC;
    if (family == AF_INET && has(sizeof(sockaddr_in))) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        return numeric<INET_ADDRSTRLEN>(AF_INET, &v4.sin_addr) + ":" + std::to_string(ntohs(v4.sin_port));
    }
    if (family == AF_INET6 && has(sizeof(sockaddr_in6))) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address, sizeof v6);
        return "[" + numeric<INET6_ADDRSTRLEN>(AF_INET6, &v6.sin6_addr) + "]:" + std::to_string(ntohs(v6.sin6_port));
    }
    constexpr std::size_t before = offsetof(sockaddr_un, sun_path);
    if (family != AF_UNIX || !has(before + 1)) return {};
    std::string path(reinterpret_cast<const char*>(address) + before, size - before);
    if (path[0] == '\0') return "@" + path.substr(1);  // an abstract name, which may have zeros in it
    return path.substr(0, path.find('\0'));
}

std::string_view socket_kind(int domain, int type) noexcept {
    const bool stream = type == SOCK_STREAM, datagram = type == SOCK_DGRAM;
    if (domain == AF_INET || domain == AF_INET6) return stream ? "TCP" : datagram ? "UDP" : "raw socket";
    if (domain == AF_UNIX) return datagram ? "UNIX datagram socket" : "UNIX socket";
    return domain == AF_NETLINK ? "netlink socket" : "socket";
}

std::string file_kind(std::string_view link) {
    if (link.starts_with("/dev/")) return "device " + std::string(link);
    if (link.starts_with('/')) return "file " + std::string(link);
    constexpr std::string_view without_name = "anon_inode:";
    if (!link.starts_with(without_name)) return std::string(link.substr(0, link.find(':')));
    link.remove_prefix(without_name.size());
    if (link.starts_with('[')) link.remove_prefix(1);
    return std::string(link.substr(0, link.find(']')));
}

std::string descriptor_text(Backend& backend, int fd, const sockaddr* peer, unsigned size) {
    std::string text = "descriptor " + std::to_string(fd);
    const auto option = [&](int which, int& value) {
        unsigned length = sizeof value;
        return backend.getsockopt(fd, SOL_SOCKET, which, &value, &length) == 0;
    };
    int domain = AF_UNSPEC, type = 0;
    const bool is_socket = option(SO_DOMAIN, domain) && option(SO_TYPE, type);
    if (is_socket) return text + ", " + socket_text(backend, fd, domain, type, address_text(peer, size));
    if (!backend.real_time()) return text;  // a number of the simulation's, and not of the system's
    char link[PATH_MAX];
    const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), link, sizeof link);
    return n > 0 ? text + ", " + file_kind({link, static_cast<std::size_t>(n)}) : text;
}

}  // namespace hocket
