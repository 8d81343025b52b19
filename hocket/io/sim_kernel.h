// SPDX-License-Identifier: MIT
// A simulated host, as its network and its program see it: addresses, ports, descriptors.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/io/sim_address.h>
#include <hocket/io/sim_endpoint.h>
#include <hocket/io/sim_network.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hocket::sim {

/// One host. It is up, or it has crashed: what is sent to it then waits in the network until it is up again.
class HOCKET_EXPORT Kernel {
public:
    Kernel(Network& network, std::string name, std::size_t index);
    ~Kernel();
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    const std::string& name() const noexcept { return name_; }
    std::size_t index() const noexcept { return index_; }
    Network& network() const noexcept { return network_; }
    /// 10.0.0.1 and fd00::1 are the first host's.
    const Ip& ip(bool v6) const noexcept { return v6 ? v6_ : v4_; }
    /// Whether what is sent there from here stays here.
    bool is_own(const Ip& ip) const noexcept { return ip.is_loopback() || ip.is_any() || ip == this->ip(ip.v6); }
    bool up() const noexcept { return up_; }

    /// The machine stops: descriptors are gone, and nobody is told.
    void crash();
    /// It is back, with nothing open; what arrived meanwhile is answered.
    void boot();
    /// The program has ended, and the machine goes on: its descriptors are closed, as by the system.
    void close_all();

    // Descriptors.

    /// The lowest number that is free, or -EMFILE.
    int install(Shared<Endpoint> endpoint);
    /// Null: there is none.
    const Shared<Endpoint>* find(int fd) const noexcept;
    /// The table's entry, which is free then; null: there was none.
    Shared<Endpoint> take(int fd) noexcept;
    std::size_t open_descriptors() const noexcept { return open_; }

    // Ports.

    /// 0, -EADDRINUSE or -EADDRNOTAVAIL; a port of 0 is given one.
    int claim(const Shared<Endpoint>& endpoint, SocketAddress& address);
    void release(const Endpoint& endpoint) noexcept;
    /// Who listens there, of several that share a port one at random; null: nobody.
    Shared<Endpoint> listener_at(const SocketAddress& target);
    void datagram_arrived(Kernel& from, const Datagram& datagram);
    /// A datagram of `source` came to a port where nobody is.
    void datagram_refused(const Datagram& datagram);

    void tell(std::string text, Told import = Told::notable) const {
        if (network_.tells()) network_.story(*this, import, std::move(text));
    }
    /// `before`, the name of the address, `after`: built only where somebody reads it.
    void tell_of(const char* before, const SocketAddress& address, Told import, const char* after = "") const {
        if (network_.tells()) network_.story(*this, import, before + network_.name_of(address) + after);
    }

    std::vector<Link> links;  ///< to others, by their index
    std::vector<Unique<ScheduledEvent>> arrived_while_down;
    Duration skew{};  ///< of the wall clock

private:
    // Those of a port, by kind of socket; a name in place of the port for UNIX-domain sockets.
    struct PortKey {
        bool datagram, local;
        std::uint16_t port;
        std::string name;
        friend auto operator<=>(const PortKey&, const PortKey&) = default;
    };
    static PortKey key_of(bool datagram, const SocketAddress& address);
    std::vector<Shared<Endpoint>>* those_at(bool datagram, const SocketAddress& address);

    Network& network_;
    std::string name_;
    std::size_t index_;
    Ip v4_, v6_;
    bool up_ = true;
    int first_descriptor_;
    std::vector<Shared<Endpoint>> descriptors_;
    std::size_t open_ = 0;
    std::map<PortKey, std::vector<Shared<Endpoint>>> ports_;
    std::uint16_t next_port_ = first_ephemeral;
    static constexpr std::uint16_t first_ephemeral = 32768, last_ephemeral = 60999;
};

}  // namespace hocket::sim
