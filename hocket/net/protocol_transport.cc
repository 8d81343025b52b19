// SPDX-License-Identifier: MIT
// The handles of a protocol's connection, and the protocols that do nothing.
#include <hocket/net/protocol_transport.h>

#include <hocket/base/errors.h>
#include <hocket/net/protocol_connection_internal.h>
#include <hocket/os/file.h>

namespace hocket {

// ---- Protocols

BaseProtocol::~BaseProtocol() = default;
// NOLINTNEXTLINE(performance-unnecessary-value-param): who overrides it keeps the argument
void BaseProtocol::connection_lost(std::exception_ptr) {}
void BaseProtocol::pause_writing() {}
void BaseProtocol::resume_writing() {}
StreamProtocol::~StreamProtocol() = default;
// NOLINTNEXTLINE(performance-unnecessary-value-param): the same
void StreamProtocol::connection_made(ProtocolTransport) {}
bool StreamProtocol::eof_received() { return false; }
Protocol::~Protocol() = default;
void Protocol::data_received(std::string_view) {}
BufferedProtocol::~BufferedProtocol() = default;

// ---- Handles

ProtocolTransport::ProtocolTransport(const ProtocolTransport& other) noexcept : connection_(other.connection_) {
    if (connection_) connection_->share();
}
ProtocolTransport::~ProtocolTransport() {
    if (connection_ && connection_->drop()) delete connection_;
}

ProtocolConnection& ProtocolTransport::connection() const {
    if (!connection_) throw RuntimeError("this ProtocolTransport stands for no connection");
    return *connection_;
}

void ProtocolTransport::write(std::string_view data) const { connection().write(data); }
void ProtocolTransport::writelines(std::span<const std::string_view> pieces) const { connection().writelines(pieces); }
void ProtocolTransport::write_eof() const { connection().write_eof(); }
bool ProtocolTransport::can_write_eof() const { return connection().stream()->can_write_eof(); }

void ProtocolTransport::close() const {
    connection().check_thread("ProtocolTransport::close");
    connection().close();
}
void ProtocolTransport::abort() const {
    connection().check_thread("ProtocolTransport::abort");
    connection().abort();
}
bool ProtocolTransport::is_closing() const { return connection().is_closing(); }

void ProtocolTransport::pause_reading() const {
    connection().check_thread("ProtocolTransport::pause_reading");
    connection().pause_reading();
}
void ProtocolTransport::resume_reading() const {
    connection().check_thread("ProtocolTransport::resume_reading");
    connection().resume_reading();
}
bool ProtocolTransport::is_reading() const { return connection().is_reading(); }

void ProtocolTransport::set_write_buffer_limits(WriteBufferLimits limits) const {
    connection().set_write_buffer_limits(limits);
}
std::size_t ProtocolTransport::get_write_buffer_size() const { return connection().stream()->get_write_buffer_size(); }
std::pair<std::size_t, std::size_t> ProtocolTransport::get_write_buffer_limits() const {
    return connection().stream()->get_write_buffer_limits();
}

HOCKET_CORO_WRAPPER Coro<> ProtocolTransport::start_tls(TlsContext context, StartTlsOptions options) const {
    connection();  // which has to be one
    return ProtocolConnection::start_tls(*this, std::move(context), std::move(options));
}
HOCKET_CORO_WRAPPER Coro<std::int64_t> ProtocolTransport::sendfile(fs::File& file, SendfileOptions options) const {
    connection();
    return ProtocolConnection::sendfile(*this, file.lend(), options);
}
HOCKET_CORO_WRAPPER Coro<std::int64_t> ProtocolTransport::sendfile(int file, SendfileOptions options) const {
    connection();
    return ProtocolConnection::sendfile(*this, file, options);
}

void ProtocolTransport::set_protocol(Shared<StreamProtocol> protocol) const {
    connection().check_thread("ProtocolTransport::set_protocol");
    connection().set_protocol(std::move(protocol));
}
Shared<StreamProtocol> ProtocolTransport::get_protocol() const { return connection().protocol(); }

Shared<const TlsInfo> ProtocolTransport::tls() const { return connection().stream()->tls(); }
Address ProtocolTransport::peername() const { return connection().stream()->peername(); }
Address ProtocolTransport::sockname() const { return connection().stream()->sockname(); }
int ProtocolTransport::fileno() const { return connection().stream()->fileno(); }

}  // namespace hocket
