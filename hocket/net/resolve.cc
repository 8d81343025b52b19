// SPDX-License-Identifier: MIT
// What the system's resolver knows, and what need not be asked.
#include <hocket/net/resolve.h>

#include <hocket/net/resolver_internal.h>

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
        case EAI_SERVICE:
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

using Infos = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

// `asked`: for the error.
Infos ask_system(const char* host, const char* service, AddressFamily family, const std::string& asked) {
    addrinfo hints{};
    hints.ai_family = system_family(family);
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    errno = 0;
    if (const int code = ::getaddrinfo(host, service, &hints, &list)) throw GaiError(code, errno, asked);
    return Infos(list, freeaddrinfo);
}

Address address_of(const addrinfo& info) {
    RawAddress raw{};
    raw.size = std::min<unsigned>(info.ai_addrlen, sizeof raw.bytes);
    std::memcpy(raw.bytes, info.ai_addr, raw.size);
    return Address::from_raw(raw);
}

std::vector<Address> addresses_of(const std::string& host, AddressFamily family) {
    const Infos infos = ask_system(host.c_str(), nullptr, family, host);
    std::vector<Address> addresses;
    for (const addrinfo* a = infos.get(); a; a = a->ai_next) {
        Address address = address_of(*a);
        if (address && std::ranges::find(addresses, address) == addresses.end())
            addresses.push_back(std::move(address));
    }
    return addresses;
}

std::uint16_t port_of(const std::string& service) {
    const Infos infos = ask_system(nullptr, service.c_str(), AddressFamily::unspecified, "service " + service);
    return address_of(*infos).port();
}

std::pair<std::string, std::string> names_of(const Address& address, int flags) {
    const RawAddress raw = address.raw();
    char host[NI_MAXHOST] = {}, service[NI_MAXSERV] = {};
    errno = 0;
    if (const int code = ::getnameinfo(raw.get(), raw.size, host, sizeof host, service, sizeof service, flags))
        throw GaiError(code, errno, address.str());
    return {host, service};
}

class OperatingSystemNames final : public NameSystem {
public:
    NameAnswer answer(const NameQuestion& question) override {
        switch (question.kind) {
            case NameQuestion::Kind::addresses: return {.addresses = addresses_of(question.text, question.family)};
            case NameQuestion::Kind::port: return {.port = port_of(question.text)};
            case NameQuestion::Kind::names: return {.names = names_of(question.address, question.flags)};
        }
        return {};
    }
};

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

Shared<NameSystem> operating_system_names() { return Shared<OperatingSystemNames>::make(); }

Coro<std::vector<Address>> getaddrinfo(std::string host, Port port, ResolveOptions options) {
    if (host.find('\0') != std::string::npos) throw ValueError("a null character in the name of a host");
    std::uint16_t number = port.number();
    if (!port.service().empty()) {
        NameQuestion question{.kind = NameQuestion::Kind::port, .text = port.service()};
        const NameAnswer answer = co_await Resolver::ask(std::move(question));
        number = answer.port;
    }
    if (host.empty()) co_return of_this_machine(number, options);
    if (const auto address = Address::numeric(host, number)) {
        if (options.family != AddressFamily::unspecified && options.family != address->family()) {
            throw GaiError(EAI_ADDRFAMILY, 0, host);
        }
        co_return std::vector{*address};
    }
    NameQuestion question{.text = std::move(host), .family = options.family};
    NameAnswer answer = co_await Resolver::ask(std::move(question));
    for (Address& a : answer.addresses) a = a.with_port(number);
    co_return std::move(answer.addresses);
}

Coro<std::pair<std::string, std::string>> getnameinfo(Address address, int flags) {
    if (!address.is_ip()) throw ValueError("getnameinfo: not an IP address: " + address.str());
    NameQuestion question{.kind = NameQuestion::Kind::names, .address = std::move(address), .flags = flags};
    NameAnswer answer = co_await Resolver::ask(std::move(question));
    co_return std::move(answer.names);
}

}  // namespace hocket
