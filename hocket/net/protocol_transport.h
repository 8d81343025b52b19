// SPDX-License-Identifier: MIT
// The transport that a protocol is given: what it can do with its connection.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/net/address.h>
#include <hocket/net/sendfile.h>
#include <hocket/net/tls_context.h>
#include <hocket/net/write_buffer_limits.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace hocket {

class ProtocolConnection;
class StreamProtocol;
struct TlsInfo;

/// The connection of a protocol (`asyncio.Transport`). Copies stand for the same one, as long as they like: the connection lives until it is
/// closed, whether or not anybody has a handle, and a handle may outlive it. One that was made from nothing stands for no connection: all
/// that it can do is throw RuntimeError.
///
/// Nothing here suspends but `start_tls` and `sendfile`. Belongs to one loop. Not thread-safe; in debug mode, what changes the connection throws
/// RuntimeError on a wrong thread.
class HOCKET_EXPORT ProtocolTransport {
public:
    ProtocolTransport() noexcept = default;
    /// Takes over the reference.
    explicit ProtocolTransport(ProtocolConnection* connection) noexcept : connection_(connection) {}
    ProtocolTransport(const ProtocolTransport& other) noexcept;
    ProtocolTransport(ProtocolTransport&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    ProtocolTransport& operator=(ProtocolTransport other) noexcept {
        std::swap(connection_, other.connection_);
        return *this;
    }
    ~ProtocolTransport();
    explicit operator bool() const noexcept { return connection_; }
    friend bool operator==(const ProtocolTransport& a, const ProtocolTransport& b) noexcept {
        return a.connection_ == b.connection_;
    }

    /// Copies `data`, which is sent at the end of this turn or when what is before it has been: see `pause_writing` of the protocol. What is
    /// written after the end, whoever brought it about, is dropped: `connection_lost` tells. Throws RuntimeError after `write_eof`, and
    /// while a file is sent or TLS is negotiated.
    void write(std::string_view data) const;
    /// One after the other; they leave together. The protocol is told to pause, if it has to, when all of them are written.
    void writelines(std::span<const std::string_view> pieces) const;
    void writelines(std::initializer_list<std::string_view> pieces) const {
        writelines(std::span<const std::string_view>(pieces.begin(), pieces.size()));
    }
    /// No more is written: the peer reads an end of file after what was written before. Throws RuntimeError of TLS, which has none.
    void write_eof() const;
    bool can_write_eof() const;

    /// No more is received; what waits is sent, then the connection is closed, and `connection_lost` called.
    void close() const;
    /// The same, but what waits is not sent.
    void abort() const;
    bool is_closing() const;

    /// From now on no data is given to the protocol, nor the end of the peer's; what comes stays with the system, and soon slows the peer
    /// down. Harmless when reading is paused or the connection closing.
    void pause_reading() const;
    void resume_reading() const;
    /// Neither paused nor closing.
    bool is_reading() const;

    /// When the protocol is told to pause and to resume writing: above `high`, and down at `low`. Throws ValueError unless high >= low.
    void set_write_buffer_limits(WriteBufferLimits limits = {}) const;
    /// Bytes that the system has not taken.
    std::size_t get_write_buffer_size() const;
    /// `auto [low, high] = transport.get_write_buffer_limits()`
    std::pair<std::size_t, std::size_t> get_write_buffer_limits() const;

    /// Negotiates TLS on the connection (`loop.start_tls`), and waits for it: see StreamWriter::start_tls, also for what it throws. The protocol is
    /// not called meanwhile; then it goes on, with all handles, in what is secured. If the handshake fails, that is what `connection_lost` is told.
    /// What came before and was not received by the protocol is taken for the peer's TLS.
    HOCKET_CORO_WRAPPER Coro<> start_tls(TlsContext context, StartTlsOptions options = {}) const;
    /// Sends a file behind what was written before (`loop.sendfile`): see StreamWriter::sendfile. Until it ends, the protocol is given no data
    /// and is not told to resume writing, and another call throws RuntimeError. Throws OSError once the connection is closing.
    Coro<std::int64_t> sendfile(fs::File& file, SendfileOptions options = {}) const;
    Coro<std::int64_t> sendfile(int file, SendfileOptions options = {}) const;

    /// From now on, this one is called. Neither `connection_lost` of the one before nor `connection_made` of this one is. Throws
    /// ValueError for none. Any owner will do, such as a std::unique_ptr; no effect once the connection is lost.
    void set_protocol(Shared<StreamProtocol> protocol) const;
    /// Null once the connection is lost.
    Shared<StreamProtocol> get_protocol() const;

    // `get_extra_info`

    /// What TLS agreed on (see tls_info.h); null where there is no TLS.
    Shared<const TlsInfo> tls() const;
    /// Where the other side is, and this one: no address once it is closed.
    Address peername() const;
    Address sockname() const;
    /// The descriptor, for what has no function here; -1 once it is closed. It stays the connection's.
    int fileno() const;

private:
    friend class ProtocolConnection;
    ProtocolConnection& connection() const;

    ProtocolConnection* connection_ = nullptr;
};

}  // namespace hocket
