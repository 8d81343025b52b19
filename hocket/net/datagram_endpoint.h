// SPDX-License-Identifier: MIT
// Datagrams over UDP and UNIX-domain sockets.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/net/address.h>
#include <hocket/net/write_buffer_limits.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hocket {

class DatagramSocket;

/// A host, which is resolved, and a port: Python's tuple `("localhost", 9999)`. Or an Address, which is taken as it is.
class HOCKET_EXPORT HostPort {
public:
    /// None.
    HostPort() noexcept = default;
    HostPort(Address address) noexcept : address_(std::move(address)) {}
    /// No host: of this side, all interfaces; of the other, this machine.
    HostPort(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}

    explicit operator bool() const noexcept { return host_ || address_; }
    /// No address where there is a host.
    const Address& address() const noexcept { return address_; }
    const std::optional<std::string>& host() const noexcept { return host_; }
    std::uint16_t port() const noexcept { return port_; }
    /// For messages: `localhost:80`, or the address.
    std::string str() const;

private:
    Address address_;
    std::optional<std::string> host_;
    std::uint16_t port_ = 0;
};

/// `create_datagram_endpoint({.local_address = {"127.0.0.1", 9999}})`
struct DatagramOptions {
    static constexpr int no_sock = -1;

    HostPort local_address = {};   ///< bind to it; of a UNIX-domain socket with an empty path: to a free abstract name
    HostPort remote_address = {};  ///< connect to it: datagrams go there, and only those from there are received
    AddressFamily family =
        AddressFamily::unspecified;  ///< only addresses of this one; needed where there is no address
    bool reuse_port =
        false;  ///< share the port with other sockets that say so: the system spreads what comes over them
    bool allow_broadcast =
        false;           ///< may send to a broadcast address; is not connected, so that answers from anywhere come
    int sock = no_sock;  ///< a descriptor to take over, which blocks no more; in place of all the others
};

/// What `DatagramEndpoint::recvfrom_into` has put into a buffer.
struct ReceivedDatagram {
    std::size_t size = 0;       ///< bytes in the buffer
    Address address = {};       ///< who sent it; no address if that is a UNIX-domain socket without a name
    std::size_t truncated = 0;  ///< bytes that had no room, and are lost; 0 of a datagram that is whole
};

/// A socket for datagrams (the transport and the protocol of `loop.create_datagram_endpoint`). Copies stand for the same one. When the last
/// is gone, it is closed as by `close`. Belongs to one loop. Not thread-safe; in debug mode, what changes it throws RuntimeError on a
/// wrong thread.
///
/// An error ends no endpoint: it may be that of one datagram, or of one peer. What the system says of a datagram that was sent before, such as
/// `receive from 127.0.0.1:9: Connection refused`, and what became of one given to `sendto`, is thrown by `recvfrom`, where asyncio calls
/// `error_received`: each once, and before what has come since. Up to 16 such errors are kept for it, the last ones.
class HOCKET_EXPORT DatagramEndpoint {
public:
    /// What `recvfrom` has room for: more than an IP datagram can have.
    static constexpr std::size_t max_size = 256 << 10;

    explicit DatagramEndpoint(DatagramSocket* socket) noexcept : socket_(socket) {}  // takes over the reference
    DatagramEndpoint(const DatagramEndpoint& other) noexcept;
    DatagramEndpoint& operator=(DatagramEndpoint other) noexcept {
        std::swap(socket_, other.socket_);
        return *this;
    }
    ~DatagramEndpoint();

    /// The next datagram, which may be empty, and who sent it (`datagram_received`). Several tasks may wait: each gets one, in their order. A
    /// cancel loses none: what came for the task is the next one's. Throws the errors of the endpoint (see above); OSError `Message
    /// too long` for a datagram longer than `max_size`, which is lost; `Software caused connection abort` once it is closed.
    HOCKET_CORO_WRAPPER Coro<std::pair<std::string, Address>> recvfrom() const;
    /// The same into `buffer`, which must live until this returns: no memory is asked for. What has no room is lost, and counted.
    HOCKET_CORO_WRAPPER Coro<ReceivedDatagram> recvfrom_into(std::span<char> buffer) const;

    /// Sends `data`, which may be empty, to `address`; without one, to the remote address. Does not wait: when the system has no room, a copy is
    /// kept, and sent when it has (`transport.sendto`). There is no limit to what collects so: await `drain` now and then. Throws
    /// ValueError without an address where there is no remote one, and for another than the remote one where there is; OSError `Cannot
    /// send after transport endpoint shutdown` once it is closed. Other errors are for who receives.
    void sendto(std::string_view data, const Address& address = {}) const;
    /// The same, but waits until the system has taken the datagram, and throws what becomes of it: `send to 127.0.0.1:9: Message too long`. An
    /// error of an earlier datagram may be thrown, too; this one is not sent then. `data` must live until this returns. What was
    /// given before is sent before. Cancelled, the datagram is not sent; if it was already, the cancel comes at the task's next wait.
    HOCKET_CORO_WRAPPER Coro<> send(std::string_view data, Address address = {}) const;
    /// The same of a string that is given away: it lives until this returns, whenever it is awaited.
    template <std::same_as<std::string> String>
    HOCKET_CORO_WRAPPER Coro<> send(String&& data, Address address = {}) const {
        return send_owned(std::forward<String>(data), std::move(address));
    }
    /// Does not suspend while no more than `high` bytes wait in copies; else waits until no more than `low` do. Any number of tasks may wait.
    /// Throws OSError `Software caused connection abort` after `abort`.
    HOCKET_CORO_WRAPPER Coro<> drain() const;

    /// Bytes in copies that wait to be sent, and 8 for each datagram.
    std::size_t get_write_buffer_size() const noexcept;
    /// Of `drain`; 64 and 16 KiB by default. Throws ValueError when `low` is above `high`.
    void set_write_buffer_limits(WriteBufferLimits limits = {}) const;
    /// `auto [low, high] = endpoint.get_write_buffer_limits()`
    std::pair<std::size_t, std::size_t> get_write_buffer_limits() const noexcept;

    /// Ends receiving at once, sends what waits, then closes the descriptor. Does not wait.
    void close() const;
    /// Closes at once; what waits is not sent, and who waits to send gets OSError: `Software caused connection abort`.
    void abort() const;
    bool is_closing() const noexcept;
    /// Waits until the descriptor is closed.
    HOCKET_CORO_WRAPPER Coro<> wait_closed() const;

    /// Where this side is (`get_extra_info('sockname')`); no address once it is closed.
    Address sockname() const;
    /// What it is connected to (`get_extra_info('peername')`), or no address.
    Address peername() const;
    /// The descriptor, for what has no function here; -1 once it is closed. It stays the endpoint's.
    int fileno() const noexcept;

private:
    HOCKET_CORO_WRAPPER Coro<> send_owned(std::string data, Address address) const;

    DatagramSocket* socket_;
};

/// `auto endpoint = co_await create_datagram_endpoint({.remote_address = {"127.0.0.1", 9999}})` (`loop.create_datagram_endpoint`): resolves hosts,
/// binds and connects; of several addresses, to the first of each family that works. A UNIX-domain socket that is at the path already is
/// replaced; it stays there when the endpoint is closed.
///
/// `sock` is taken over when this returns, and remains the caller's when it throws.
///
/// Throws GaiError; OSError, the first there was: `bind to 127.0.0.1:80: Address already in use`; ValueError for no address and no family, for
/// addresses without a family in common, for a `sock` that is no datagram socket or is given beside other options. A cancel closes
/// what was opened.
HOCKET_EXPORT Coro<DatagramEndpoint> create_datagram_endpoint(DatagramOptions options);

}  // namespace hocket
