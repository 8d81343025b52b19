// SPDX-License-Identifier: MIT
// Who has which name, and which address.
#include <hocket/sim/names_internal.h>

#include <hocket/net/resolve.h>
#include <hocket/sim/scheduler_internal.h>

#include <netdb.h>
#include <array>
#include <string_view>
#include <utility>

namespace hocket::sim {

Address address_of(const Ip& ip, std::uint16_t port) {
    SocketAddress address;
    address.ip = ip;
    address.port = port;
    return Address::parse(address.str());
}

namespace {

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 7> services{
    {{"domain", 53}, {"ftp", 21}, {"http", 80}, {"https", 443}, {"ntp", 123}, {"smtp", 25}, {"ssh", 22}}};

class SimulatedNames final : public NameSystem {
public:
    explicit SimulatedNames(Scheduler& scheduler) noexcept : scheduler_(scheduler) {}

    NameAnswer answer(const NameQuestion& question) override {
        Network& network = scheduler_.network();
        const std::string asked = question.kind == NameQuestion::Kind::names ? question.address.str() : question.text;
        if (network.choices.chance(scheduler_.config().unresolved)) throw GaiError(EAI_AGAIN, 0, asked);
        switch (question.kind) {
            case NameQuestion::Kind::addresses: return {.addresses = addresses_of(question)};
            case NameQuestion::Kind::port:
                for (const auto& [name, port] : services) {
                    if (name == question.text) return {.port = port};
                }
                throw GaiError(EAI_SERVICE, 0, "service " + asked);
            case NameQuestion::Kind::names: return {.names = names(question)};
        }
        return {};
    }

private:
    // IPv6 comes first, as in a system that has it (RFC 6724).
    std::vector<Address> addresses_of(const NameQuestion& question) {
        std::vector<Address> addresses;
        const Kernel* const host = scheduler_.network().host_named(question.text);
        const bool here = question.text == "localhost";
        for (const bool v6 : {true, false}) {
            const AddressFamily family = v6 ? AddressFamily::ipv6 : AddressFamily::ipv4;
            if (question.family != AddressFamily::unspecified && question.family != family) continue;
            if (here) {
                addresses.push_back(Address::loopback(family, 0));
            } else if (host != nullptr) {
                addresses.push_back(address_of(host->ip(v6), 0));
            }
        }
        if (addresses.empty()) throw GaiError(EAI_NONAME, 0, question.text);
        return addresses;
    }
    std::pair<std::string, std::string> names(const NameQuestion& question) {
        std::string host = question.address.host(), service = std::to_string(question.address.port());
        if ((question.flags & NI_NUMERICHOST) == 0) {
            const Address alone = question.address.with_port(0);
            bool found = false;
            for (const auto& kernel : scheduler_.network().hosts) {
                for (const bool v6 : {true, false}) {
                    if (alone != address_of(kernel->ip(v6), 0)) continue;
                    host = kernel->name();
                    found = true;
                }
            }
            if (alone == Address::loopback(alone.family(), 0)) {
                host = "localhost";
                found = true;
            }
            if (!found && (question.flags & NI_NAMEREQD) != 0) throw GaiError(EAI_NONAME, 0, question.address.str());
        }
        if ((question.flags & NI_NUMERICSERV) == 0) {
            for (const auto& [name, port] : services) {
                if (port == question.address.port()) service = name;
            }
        }
        return {host, service};
    }

    Scheduler& scheduler_;
};

}  // namespace

Shared<NameSystem> names_of(Scheduler& scheduler) { return Shared<SimulatedNames>::make(scheduler); }

}  // namespace hocket::sim
