// SPDX-License-Identifier: MIT
// Making datagram endpoints: resolving, binding, connecting; and their handles.
#include <hocket/net/datagram_endpoint.h>

#include <hocket/core/operation.h>
#include <hocket/net/datagram_socket_internal.h>
#include <hocket/net/listener_internal.h>
#include <hocket/net/resolve.h>

#include <algorithm>
#include <exception>
#include <vector>

namespace hocket {

// ---- Handles

std::string HostPort::str() const { return host_ ? *host_ + ':' + std::to_string(port_) : address_.str(); }

DatagramEndpoint::DatagramEndpoint(const DatagramEndpoint& other) noexcept : socket_(other.socket_) {
    socket_->share();
}
DatagramEndpoint::~DatagramEndpoint() { socket_->drop(); }

Coro<std::pair<std::string, Address>> DatagramEndpoint::recvfrom() const {
    return DatagramSocket::recvfrom(DatagramHandle(*socket_));
}
Coro<ReceivedDatagram> DatagramEndpoint::recvfrom_into(std::span<char> buffer) const {
    return DatagramSocket::recvfrom_into(DatagramHandle(*socket_), buffer);
}
void DatagramEndpoint::sendto(std::string_view data, const Address& address) const { socket_->sendto(data, address); }
Coro<> DatagramEndpoint::send(std::string_view data, Address address) const {
    return DatagramSocket::send(DatagramHandle(*socket_), data, std::move(address));
}
Coro<> DatagramEndpoint::send_owned(std::string data, Address address) const {
    return DatagramSocket::send(DatagramHandle(*socket_), std::move(data), std::move(address));
}
Coro<> DatagramEndpoint::drain() const { return DatagramSocket::drain(DatagramHandle(*socket_)); }
Coro<> DatagramEndpoint::wait_closed() const { return DatagramSocket::wait_closed(DatagramHandle(*socket_)); }

std::size_t DatagramEndpoint::get_write_buffer_size() const noexcept { return socket_->level(); }
void DatagramEndpoint::set_write_buffer_limits(WriteBufferLimits limits) const {
    socket_->check_loop("DatagramEndpoint::set_write_buffer_limits");
    socket_->set_limits(limits);
}
std::pair<std::size_t, std::size_t> DatagramEndpoint::get_write_buffer_limits() const noexcept {
    return socket_->limits();
}

void DatagramEndpoint::close() const {
    socket_->check_thread("DatagramEndpoint::close");
    socket_->close();
}
void DatagramEndpoint::abort() const {
    socket_->check_thread("DatagramEndpoint::abort");
    socket_->abort();
}
bool DatagramEndpoint::is_closing() const noexcept { return socket_->is_closing(); }

Address DatagramEndpoint::sockname() const { return socket_->sockname(); }
Address DatagramEndpoint::peername() const { return socket_->peername(); }
int DatagramEndpoint::fileno() const noexcept { return socket_->fd(); }

// ---- Making one

namespace {

/// What a socket is to be bound and connected to; of the same family, or no address.
struct Ends {
    AddressFamily family = AddressFamily::unspecified;
    Address local, remote;
};

Coro<std::vector<Address>> addresses_of(HostPort where, AddressFamily family, bool passive) {
    if (where.host() && family == AddressFamily::local) {
        throw ValueError("a UNIX-domain socket has a path, not a host and a port: " + where.str());
    }
    if (where.host()) {
        co_return co_await getaddrinfo(*where.host(), where.port(), {.family = family, .passive = passive});
    }
    std::vector<Address> addresses;
    const Address& address = where.address();
    if (address && (family == AddressFamily::unspecified || family == address.family())) addresses.push_back(address);
    co_return addresses;
}

// The first address of each family, on both sides where both are asked for.
std::vector<Ends> paired(const std::vector<Address>& locals, const std::vector<Address>& remotes, bool both) {
    std::vector<Ends> pairs;
    const auto of = [&pairs](AddressFamily family) -> Ends& {
        const auto found = std::ranges::find(pairs, family, &Ends::family);
        return found == pairs.end() ? pairs.emplace_back(family) : *found;
    };
    for (const Address& a : locals) {
        if (Address& local = of(a.family()).local; !local) local = a;
    }
    for (const Address& a : remotes) {
        if (Address& remote = of(a.family()).remote; !remote) remote = a;
    }
    if (both) std::erase_if(pairs, [](const Ends& ends) { return !ends.local || !ends.remote; });
    return pairs;
}

Coro<std::vector<Ends>> ends_of(DatagramOptions options) {
    const HostPort &local = options.local_address, &remote = options.remote_address;
    if (!local && !remote) {
        if (options.family == AddressFamily::unspecified) throw ValueError("unexpected address family");
        std::vector<Ends> neither(1);
        neither.front().family = options.family;
        co_return neither;
    }
    const std::vector<Address> locals = co_await addresses_of(local, options.family, true);
    const std::vector<Address> remotes = co_await addresses_of(remote, options.family, false);
    std::vector<Ends> pairs = paired(locals, remotes, local && remote);
    if (pairs.empty()) throw ValueError("can not get address information");
    co_return pairs;
}

void set(Network& network, int fd, SocketOption option, const char* attempted, const Address& name) {
    const int result = set_option(network, fd, option);
    if (result < 0) throw OSError(-result, attempted + name.str());
}

Address name_of(const Ends& ends) {
    if (ends.local) return ends.local;
    if (ends.remote) return ends.remote;
    return ends.family == AddressFamily::local ? Address::local("") : Address::any(ends.family, 0);
}

Coro<DatagramEndpoint> open_endpoint(Network& network, Ends ends, DatagramOptions options) {
    const Address name = name_of(ends);
    Descriptor socket = datagram_socket(network, name);
    if (options.reuse_port) set(network, socket.get(), SocketOption::reuse_port, "share the port of ", name);
    if (options.allow_broadcast) set(network, socket.get(), SocketOption::broadcast, "broadcast from ", name);
    if (ends.local) {
        if (socket_file(ends.local) != 0) remove_socket_file(ends.local);  // one that somebody left behind
        bind_socket(network, socket.get(), ends.local);
    }
    const bool connected = ends.remote && !options.allow_broadcast;
    if (connected) {
        RawAddress raw = ends.remote.raw();
        PendingOperation connect(Opcode::connect, socket.get());
        connect.data = raw.bytes;
        connect.size = raw.size;
        const int result = co_await std::move(connect);
        if (result < 0) throw OSError(-result, "connect to " + ends.remote.str());
    }
    const DatagramSocket::Kind kind{.is_ip = name.is_ip(), .connected = connected};
    DatagramEndpoint endpoint(new DatagramSocket(network, socket.get(), ends.remote, kind));
    static_cast<void>(socket.release());
    co_return endpoint;
}

std::string given_beside_sock(const DatagramOptions& options) {
    std::string names;
    const auto add = [&names](bool given, const std::string& name) {
        if (given) names += (names.empty() ? "" : ", ") + name;
    };
    add(bool(options.local_address), "local_address=" + options.local_address.str());
    add(bool(options.remote_address), "remote_address=" + options.remote_address.str());
    add(options.family != AddressFamily::unspecified, "family");
    add(options.reuse_port, "reuse_port");
    add(options.allow_broadcast, "allow_broadcast");
    return names;
}

DatagramEndpoint take_over(Network& network, const DatagramOptions& options) {
    const std::string descriptor = "descriptor " + std::to_string(options.sock);
    check_not_owned(network.loop(), options.sock);
    int type = 0;
    unsigned size = sizeof type;
    const int result = network.backend().getsockopt(options.sock, SOL_SOCKET, SO_TYPE, &type, &size);
    if (result < 0) throw OSError(-result, "take over " + descriptor);
    if (type != SOCK_DGRAM && type != SOCK_RAW) throw ValueError("A datagram socket was expected, got " + descriptor);
    if (const std::string others = given_beside_sock(options); !others.empty()) {
        throw ValueError("socket modifier keyword arguments can not be used when sock is specified. (" + others + ")");
    }
    if (const int adopted = network.backend().adopt(options.sock); adopted < 0)
        throw OSError(-adopted, "take over " + descriptor);
    RawAddress peer{};
    const DatagramSocket::Kind kind{
        .is_ip = local_address(network, options.sock).is_ip(),
        .connected = network.backend().getpeername(options.sock, peer.get(), &peer.size) >= 0};
    Address remote = kind.connected ? Address::from_raw(peer) : Address();
    return DatagramEndpoint(new DatagramSocket(network, options.sock, std::move(remote), kind));
}

}  // namespace

Coro<DatagramEndpoint> create_datagram_endpoint(DatagramOptions options) {
    Network& network = Network::of(get_running_loop());
    if (options.sock != DatagramOptions::no_sock) co_return take_over(network, options);
    const std::vector<Ends> pairs = co_await ends_of(options);
    std::exception_ptr first;
    for (const Ends& ends : pairs) {
        try {
            co_return co_await open_endpoint(network, ends, options);
        } catch (const OSError&) {
            if (!first) first = std::current_exception();
        }
    }
    std::rethrow_exception(first);
}

}  // namespace hocket
