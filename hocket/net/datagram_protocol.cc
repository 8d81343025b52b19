// SPDX-License-Identifier: MIT
// The task that receives for a datagram protocol, and the handles of its endpoint.
#include <hocket/net/datagram_protocol.h>

#include <hocket/core/future.h>
#include <hocket/core/task.h>
#include <hocket/net/protocol_holder_internal.h>

#include <memory>
#include <optional>

namespace hocket {

/// What DatagramTransports stand for. Its task receives from the endpoint, calls the protocol, and sees it to its end; another one waits for
/// the end of a pause in writing, while there is one. All the rest is the endpoint's.
class DatagramConnection final : public ProtocolHolder<DatagramProtocol>, public Pooled {
public:
    DatagramConnection(const DatagramEndpoint& socket, Shared<DatagramProtocol> protocol) noexcept
        : ProtocolHolder(std::move(protocol)), endpoint(socket) {}

    static Coro<> run(DatagramTransport transport, Made made);

    void sendto(std::string_view data, const Address& address) {
        if (endpoint.is_closing()) return check_thread("DatagramTransport::sendto");
        endpoint.sendto(data, address);
        pause_if_full();
    }
    void set_protocol(Shared<DatagramProtocol> protocol) {
        check_thread("DatagramTransport::set_protocol");
        if (!protocol) throw ValueError("set_protocol: there is no protocol");
        if (protocol_) std::swap(protocol_, protocol);
    }
    void pause_if_full();

    const DatagramEndpoint endpoint;

private:
    void check_thread(const char* call) const {
        if (EventLoop* const mine = loop()) mine->check_usable(call);
    }
    void make(const DatagramTransport& transport) noexcept;
    Coro<> receive();
    static Coro<> wait_until_drained(DatagramTransport transport);

    std::exception_ptr failure_;
};

void DatagramConnection::pause_if_full() {
    if (!pause_writing(endpoint.get_write_buffer_size() > endpoint.get_write_buffer_limits().second)) return;
    share();
    loop()->create_task(wait_until_drained(DatagramTransport(this)));  // which may not run now
}

Coro<> DatagramConnection::wait_until_drained(DatagramTransport transport) {
    DatagramConnection& c = transport.connection();
    try {
        co_await c.endpoint.drain();
    } catch (const std::exception&) {  // aborted: `connection_lost` is told
        co_return;
    }
    c.resume_writing();
}

void DatagramConnection::make(const DatagramTransport& transport) noexcept {
    failure_ = call([&transport](DatagramProtocol& p) { p.connection_made(transport); });
    if (!failure_) return;
    report("Fatal error: protocol.connection_made() call failed.", failure_);
    endpoint.abort();
}

// Until it is closed.
Coro<> DatagramConnection::receive() {
    // Of which the system gives only what is written to.
    const std::unique_ptr<char[]> room(new char[DatagramEndpoint::max_size]);
    while (!endpoint.is_closing()) {
        ReceivedDatagram datagram;
        std::optional<OSError> error;
        try {
            datagram = co_await endpoint.recvfrom_into({room.get(), DatagramEndpoint::max_size});
        } catch (const OSError& e) {
            error = e;
        }
        if (endpoint.is_closing()) break;
        if (error) {
            call_reporting("protocol.error_received() failed",
                           [&error](DatagramProtocol& p) { p.error_received(*error); });
        } else {
            const std::string_view data(room.get(), datagram.size);
            call_reporting("protocol.datagram_received() failed",
                           [&](DatagramProtocol& p) { p.datagram_received(data, datagram.address); });
        }
    }
}

Coro<> DatagramConnection::run(DatagramTransport transport, Made made) {
    DatagramConnection& c = transport.connection();
    const Served served(c);
    c.make(transport);
    made.tell();
    for (bool over = false; !over;) {
        try {
            co_await c.receive();
            co_await c.endpoint.wait_closed();
            over = true;
        } catch (const CancelledError&) {  // the program ends
            c.endpoint.abort();
        }
    }
    const std::exception_ptr error = std::exchange(c.failure_, nullptr);
    c.lose(error);
}

Coro<DatagramTransport> serve_datagrams(DatagramEndpoint endpoint, Shared<DatagramProtocol> protocol) {
    if (!protocol) throw ValueError("the factory has made no protocol");
    const DatagramTransport transport(new DatagramConnection(endpoint, std::move(protocol)));
    const Future<> made;
    create_task(DatagramConnection::run(transport, Made(made)));
    try {
        co_await made;
    } catch (...) {  // a cancel
        transport.close();
        throw;
    }
    co_return transport;
}

// ---- Protocols

DatagramProtocol::~DatagramProtocol() = default;
// NOLINTNEXTLINE(performance-unnecessary-value-param): who overrides it keeps the argument
void DatagramProtocol::connection_made(DatagramTransport) {}
void DatagramProtocol::datagram_received(std::string_view, const Address&) {}
void DatagramProtocol::error_received(const OSError&) {}

// ---- Handles

DatagramTransport::DatagramTransport(const DatagramTransport& other) noexcept : connection_(other.connection_) {
    if (connection_) connection_->share();
}
DatagramTransport::~DatagramTransport() {
    if (connection_ && connection_->drop()) delete connection_;
}

DatagramConnection& DatagramTransport::connection() const {
    if (!connection_) throw RuntimeError("this DatagramTransport stands for no endpoint");
    return *connection_;
}

void DatagramTransport::sendto(std::string_view data, const Address& address) const {
    connection().sendto(data, address);
}
void DatagramTransport::close() const { connection().endpoint.close(); }
void DatagramTransport::abort() const { connection().endpoint.abort(); }
bool DatagramTransport::is_closing() const { return connection().endpoint.is_closing(); }

void DatagramTransport::set_write_buffer_limits(WriteBufferLimits limits) const {
    connection().endpoint.set_write_buffer_limits(limits);
    connection().pause_if_full();
}
std::size_t DatagramTransport::get_write_buffer_size() const { return connection().endpoint.get_write_buffer_size(); }
std::pair<std::size_t, std::size_t> DatagramTransport::get_write_buffer_limits() const {
    return connection().endpoint.get_write_buffer_limits();
}

void DatagramTransport::set_protocol(Shared<DatagramProtocol> protocol) const {
    connection().set_protocol(std::move(protocol));
}
Shared<DatagramProtocol> DatagramTransport::get_protocol() const { return connection().protocol(); }

Address DatagramTransport::sockname() const { return connection().endpoint.sockname(); }
Address DatagramTransport::peername() const { return connection().endpoint.peername(); }
int DatagramTransport::fileno() const { return connection().endpoint.fileno(); }

}  // namespace hocket
