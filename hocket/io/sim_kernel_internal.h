// SPDX-License-Identifier: MIT
// A simulated host, as its network and its program see it: addresses, ports, descriptors, files.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/io/sim_address_internal.h>
#include <hocket/io/sim_endpoint_internal.h>
#include <hocket/io/sim_network_internal.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hocket::sim {

class FileSystem;
struct OpenFile;

/// What a descriptor stands for: a socket, or a file.
struct OpenDescriptor {
    Shared<Endpoint> endpoint;
    Shared<OpenFile> file;
    explicit operator bool() const noexcept { return endpoint || file; }
};

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
    unsigned crashes() const noexcept { return crashes_; }

    /// The machine stops: descriptors are gone, nobody is told, and of the files is left what the disk has.
    void crash();
    /// It is back, with nothing open; what arrived meanwhile is answered.
    void boot();
    /// The program has ended, and the machine goes on: its descriptors are closed, as by the system.
    void close_all();

    // Descriptors.

    /// The lowest number that is free, or -EMFILE.
    int install(OpenDescriptor opened);
    int install(Shared<Endpoint> endpoint) {
        return install(OpenDescriptor{.endpoint = std::move(endpoint), .file = {}});
    }
    int install(Shared<OpenFile> file) { return install(OpenDescriptor{.endpoint = {}, .file = std::move(file)}); }
    /// 0, or -EMFILE, also where the configuration wants that.
    int room_for_descriptor();
    /// Null: there is none, or it is a file's.
    const Shared<Endpoint>* find(int fd) const noexcept;
    /// Null: there is none, or it is a socket's.
    const Shared<OpenFile>* find_file(int fd) const noexcept;
    /// Why there is no such descriptor: -EBADF, or -EOPNOTSUPP for a number of the real system, such as a pipe's that the program made itself.
    static int no_descriptor(int fd) noexcept;
    /// 0 or -EBADF. The last one of a socket closes that.
    int close(int fd);
    /// A second descriptor for the same, or a negative error.
    int duplicate(int fd);
    int duplicate_to(int fd, int to);
    std::size_t open_descriptors() const noexcept { return open_; }

    FileSystem& files() const noexcept { return *files_; }
    /// Its clock, in nanoseconds since 1970.
    std::int64_t wall_time() const noexcept {
        return network_.schedule.wall_start + (network_.schedule.now() - Schedule::start) + skew.count();
    }

    // Ports.

    /// 0, -EADDRINUSE or -EADDRNOTAVAIL; a port of 0 is given one.
    int claim(const Shared<Endpoint>& endpoint, SocketAddress& address);
    void release(const Endpoint& endpoint) noexcept;
    /// Where a path leads: 0, -ECONNREFUSED for a file that is no socket, or what stat (man 2) says.
    static int look_up(SocketAddress& address);
    /// -EPROTOTYPE where a socket of the other kind has that name, else -ECONNREFUSED.
    int nobody_at(bool datagram, const SocketAddress& address);
    /// Who listens there, of several that share a port one at random; null: nobody.
    Shared<Endpoint> listener_at(const SocketAddress& target);
    /// Whether somebody does on this port of all addresses, of IPv4 or of IPv6.
    bool listens_on_all(bool v6, std::uint16_t port);
    /// Whose name that is; null: nobody's.
    Shared<Endpoint> local_datagrams_at(const SocketAddress& name);
    /// One of those sockets has room again, or is closed: others may go on that wait to send to it.
    void retry_local_datagrams();
    void datagram_arrived(Kernel& from, const Datagram& datagram);
    /// A datagram of `source` came to a port where nobody is.
    void datagram_refused(const Datagram& datagram);

    void tell(const std::string& text, Told import = Told::notable) const {
        if (network_.tells()) network_.story(*this, import, text);
    }
    /// `before`, the name of the address, `after`: built only where somebody reads it.
    void tell_of(const char* before, const SocketAddress& address, Told import, const char* after = "") const {
        if (network_.tells()) network_.story(*this, import, before + network_.name_of(address) + after);
    }

    std::vector<Link> links;                                 ///< to others, by their index
    std::vector<Unique<ScheduledEvent>> arrived_while_down;  ///< and is sent again
    Duration skew{};                                         ///< of the wall clock

private:
    // Those of a port, by kind of socket; of UNIX-domain sockets those of a file, or of an abstract name.
    struct PortKey {
        bool datagram, local;
        std::uint16_t port;
        std::uint64_t device, inode;
        std::string name;
        friend auto operator<=>(const PortKey&, const PortKey&) = default;
    };
    static PortKey key_of(bool datagram, const SocketAddress& address);
    int claim_name(const Shared<Endpoint>& endpoint, SocketAddress& address);
    OpenDescriptor* entry(int fd) noexcept;
    std::vector<Shared<Endpoint>>* those_at(bool datagram, const SocketAddress& address);

    Network& network_;
    std::string name_;
    std::size_t index_;
    Ip v4_, v6_;
    bool up_ = true;
    unsigned crashes_ = 0;
    Unique<FileSystem> files_;
    int first_descriptor_;
    std::vector<OpenDescriptor> descriptors_;
    std::size_t open_ = 0;
    std::map<PortKey, std::vector<Shared<Endpoint>>> ports_;
    std::uint16_t next_port_ = first_ephemeral;
    unsigned next_name_ = 0;  // of sockets that have none
    static constexpr std::uint16_t first_ephemeral = 32768, last_ephemeral = 60999;
};

}  // namespace hocket::sim
