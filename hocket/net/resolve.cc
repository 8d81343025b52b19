// SPDX-License-Identifier: MIT
// Asking the system's resolver, on a thread.
#include <hocket/net/resolve.h>

#include <hocket/os/executor.h>

#include <netdb.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace hocket {

namespace {

int nearest_errno(int gai_code, int system_error) noexcept {
    switch (gai_code) {
        case EAI_SYSTEM: return system_error;
        case EAI_MEMORY: return ENOMEM;
        case EAI_AGAIN: return EAGAIN;
        case EAI_NONAME:
        case EAI_NODATA: return ENOENT;
        case EAI_FAMILY:
        case EAI_ADDRFAMILY: return EAFNOSUPPORT;
        default: return EIO;
    }
}

int system_family(AddressFamily family) noexcept {
    switch (family) {
        case AddressFamily::ipv4: return AF_INET;
        case AddressFamily::ipv6: return AF_INET6;
        default: return AF_UNSPEC;
    }
}

std::vector<Address> ask_system(const std::string& host, std::uint16_t port, const ResolveOptions& options) {
    addrinfo hints{};
    hints.ai_family = system_family(options.family);
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    errno = 0;
    if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list)) throw GaiError(code, errno, host);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
    std::vector<Address> addresses;
    for (const addrinfo* a = list; a; a = a->ai_next) {
        RawAddress raw{};
        raw.size = std::min<unsigned>(a->ai_addrlen, sizeof raw.bytes);
        std::memcpy(raw.bytes, a->ai_addr, raw.size);
        Address address = Address::from_raw(raw).with_port(port);
        if (address && std::ranges::find(addresses, address) == addresses.end())
            addresses.push_back(std::move(address));
    }
    return addresses;
}

std::pair<std::string, std::string> ask_system_for_names(const Address& address, int flags) {
    const RawAddress raw = address.raw();
    char host[NI_MAXHOST] = {}, service[NI_MAXSERV] = {};
    errno = 0;
    if (const int code = ::getnameinfo(raw.get(), raw.size, host, sizeof host, service, sizeof service, flags))
        throw GaiError(code, errno, address.str());
    return {host, service};
}

std::vector<Address> of_this_machine(std::uint16_t port, const ResolveOptions& options) {
    std::vector<Address> addresses;
    for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
        if (options.family != AddressFamily::unspecified && options.family != family) continue;
        addresses.push_back(options.passive ? Address::any(family, port) : Address::loopback(family, port));
    }
    return addresses;
}

}  // namespace

GaiError::GaiError(int code, int error, const std::string& host)
    : OSError(nearest_errno(code, error), "resolve " + host),
      gai_code_(code),
      text_(Shared<const std::string>::make(
          "resolve " + host + ": " +
          (code == EAI_SYSTEM ? std::generic_category().message(error) : std::string(gai_strerror(code))))) {}

GaiError::~GaiError() = default;

Coro<std::vector<Address>> getaddrinfo(std::string host, std::uint16_t port, ResolveOptions options) {
    if (host.find('\0') != std::string::npos) throw ValueError("a null character in the name of a host");
    if (host.empty()) co_return of_this_machine(port, options);
    if (const auto address = Address::numeric(host, port)) {
        if (options.family != AddressFamily::unspecified && options.family != address->family()) {
            throw GaiError(EAI_ADDRFAMILY, 0, host);
        }
        co_return std::vector{*address};
    }
    co_return co_await run_in_executor(ask_system, std::move(host), port, options);
}

Coro<std::pair<std::string, std::string>> getnameinfo(Address address, int flags) {
    if (!address.is_ip()) throw ValueError("getnameinfo: not an IP address: " + address.str());
    co_return co_await run_in_executor(ask_system_for_names, std::move(address), flags);
}

}  // namespace hocket
