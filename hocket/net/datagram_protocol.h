// SPDX-License-Identifier: MIT
// Datagrams by callbacks: a protocol whose functions are called with what comes, and the transport that it is given.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/net/datagram_endpoint.h>
#include <hocket/net/protocol.h>

#include <cstddef>
#include <string_view>
#include <utility>

namespace hocket {

class DatagramConnection;
class DatagramProtocol;

/// The endpoint of a protocol (`asyncio.DatagramTransport`). Copies stand for the same one, as long as they like: it lives until it is closed,
/// whether or not anybody has a handle. One that was made from nothing stands for none: all that it can do is throw RuntimeError.
///
/// Nothing here suspends. Belongs to one loop. Not thread-safe; in debug mode, what changes it throws RuntimeError on a wrong thread.
class HOCKET_EXPORT DatagramTransport {
public:
    DatagramTransport() noexcept = default;
    /// Takes over the reference.
    explicit DatagramTransport(DatagramConnection* connection) noexcept : connection_(connection) {}
    DatagramTransport(const DatagramTransport& other) noexcept;
    DatagramTransport(DatagramTransport&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    DatagramTransport& operator=(DatagramTransport other) noexcept {
        std::swap(connection_, other.connection_);
        return *this;
    }
    ~DatagramTransport();
    explicit operator bool() const noexcept { return connection_; }
    friend bool operator==(const DatagramTransport& a, const DatagramTransport& b) noexcept {
        return a.connection_ == b.connection_;
    }

    /// Sends `data`, which may be empty, to `address`; without one, to the remote address: see DatagramEndpoint::sendto, also for what it throws.
    /// What becomes of it, `error_received` is told. Once it is closing, it is dropped.
    void sendto(std::string_view data, const Address& address = {}) const;

    /// No more is received; what waits is sent, then it is closed, and `connection_lost` called.
    void close() const;
    /// The same, but what waits is not sent.
    void abort() const;
    bool is_closing() const;

    /// When the protocol is told to pause and to resume writing: above `high`, and down at `low`. Throws ValueError unless high >= low.
    void set_write_buffer_limits(WriteBufferLimits limits = {}) const;
    /// Bytes that wait to be sent, and 8 for each datagram.
    std::size_t get_write_buffer_size() const;
    /// `auto [low, high] = transport.get_write_buffer_limits()`
    std::pair<std::size_t, std::size_t> get_write_buffer_limits() const;

    /// From now on, this one is called. Neither `connection_lost` of the one before nor `connection_made` of this one is. Throws
    /// ValueError for none. Any owner will do, such as a std::unique_ptr; no effect once the endpoint is closed.
    void set_protocol(Shared<DatagramProtocol> protocol) const;
    /// Null once it is closed.
    Shared<DatagramProtocol> get_protocol() const;

    /// Where this side is (`get_extra_info('sockname')`); no address once it is closed.
    Address sockname() const;
    /// What it is connected to (`get_extra_info('peername')`), or no address.
    Address peername() const;
    /// The descriptor, for what has no function here; -1 once it is closed. It stays the endpoint's.
    int fileno() const;

private:
    friend class DatagramConnection;
    DatagramConnection& connection() const;

    DatagramConnection* connection_ = nullptr;
};

/// A protocol that is given datagrams (`asyncio.DatagramProtocol`): `connection_made`, then the others any number of times, then
/// `connection_lost`, whose error is null unless `connection_made` threw. What the others throw is reported, and ends nothing.
class HOCKET_EXPORT DatagramProtocol : public BaseProtocol {
public:
    ~DatagramProtocol() override;
    /// The socket is there. Most protocols keep `transport`. What this throws is reported, and aborts it.
    virtual void connection_made(DatagramTransport transport);
    /// `data`, which may be empty, is there until this returns. `from`: no address if that is a UNIX-domain socket without a name.
    virtual void datagram_received(std::string_view data, const Address& from);
    /// `receive from 127.0.0.1:9: Connection refused`, `send to 127.0.0.1:9: Message too long`: it may be that of one datagram or of one peer.
    virtual void error_received(const OSError& error);
};

/// Begins to call `protocol`, and waits until it knows of its endpoint.
HOCKET_EXPORT Coro<DatagramTransport> serve_datagrams(DatagramEndpoint endpoint, Shared<DatagramProtocol> protocol);

/// The same endpoint, whose datagrams go to the protocol that `factory` makes (`loop.create_datagram_endpoint`):
///
///     auto [transport, protocol] = co_await create_datagram_endpoint([] { return std::make_unique<Echo>(); }, {.local_address = {"", 9999}});
///
/// `connection_made` was called when this returns. Throws as the other does, and what `factory` throws; ValueError if that makes none.
template <class F>
Coro<std::pair<DatagramTransport, Shared<ProtocolMadeBy<F>>>> create_datagram_endpoint(F factory,
                                                                                       DatagramOptions options) {
    static_assert(MakesProtocols<F, DatagramProtocol>,
                  "hocket: a factory of an endpoint's protocol gives a std::unique_ptr to a DatagramProtocol");
    const DatagramEndpoint endpoint = co_await create_datagram_endpoint(std::move(options));
    const Shared<ProtocolMadeBy<F>> protocol(factory());
    DatagramTransport transport = co_await serve_datagrams(endpoint, protocol);
    co_return std::pair(std::move(transport), protocol);
}

}  // namespace hocket
