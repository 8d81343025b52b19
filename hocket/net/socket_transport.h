// SPDX-License-Identifier: MIT
// The transport of a stream socket: reading on demand, writing from the writer's own memory, closing in order.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/backend.h>
#include <hocket/net/socket.h>
#include <hocket/net/transport.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hocket {

class ServerState;

/// A connected stream socket.
///
/// It reads when a task waits for data. A connection that is busy receives straight into its buffer: one operation a read. One on which
/// nothing came for a while holds no buffer: it waits until the socket is readable, and only then takes one. A read that is
/// cancelled leaves its operation in flight; what that brings is the next reader's.
///
/// What a task writes is sent from the task's memory, and the first answer to what has come without a wait where the backend does that; only what
/// `write_nowait` gives, what could not be sent at once of what `write_answer` gives, what comes while another task writes, and what a cancelled
/// `write` had not sent yet is copied. The state of writing exists only while the connection is busy, or the limits of what
/// collects are not the usual ones. A file is sent piece by piece, each when the socket can be written to, and behind all else.
///
/// Closing sends what waits and then looks for input that nobody read. If there is some, or is said to come, the peer gets an end of file,
/// and what it sends is dropped until it ends its side, is silent from one sweep of the Network to the next, or has had five of them or 1 MiB.
class HOCKET_EXPORT SocketTransport : public Transport, public Socket, Operation {
public:
    static constexpr std::size_t high_water = 64 << 10, low_water = 16 << 10;

    /// Takes over `fd`, which is connected, and a reference of `server`, which may be null.
    SocketTransport(Network& network, int fd, const Address& peer, std::size_t limit, ServerState* server = nullptr);

    Coro<> write(std::string_view bytes) override;
    Coro<> write_owned(std::string bytes) override;
    void write_nowait(std::string_view bytes) override;
    void write_answer(std::string_view bytes) override;
    Coro<> drain() override;
    std::size_t get_write_buffer_size() const noexcept override;
    void set_write_buffer_limits(WriteBufferLimits limits = {}) override;
    std::pair<std::size_t, std::size_t> get_write_buffer_limits() const override;
    Coro<std::int64_t> sendfile(int file, SendfileOptions options = {}) override;
    bool sending_file() const noexcept override;
    bool silent() const noexcept override;
    bool drained() const noexcept override;
    std::size_t read_into(std::span<char> buffer) noexcept override;
    bool can_write_eof() const noexcept override { return true; }
    void write_eof() override;
    void close() noexcept override;
    void close_lingering() noexcept override;
    void expect_end() noexcept override { expects_end_ = true; }
    void abort() noexcept override;
    void reset() noexcept override;
    bool is_closing() const noexcept override { return end_ != End::no; }
    bool lost() const noexcept override { return end_ == End::lost; }
    Coro<> wait_closed() override;

    Address sockname() const override;
    Address peername() const override { return peer_; }
    int fileno() const noexcept override { return Socket::fd(); }
    ServerState* server() const noexcept { return server_; }

protected:
    struct Outgoing;
    /// For PipeTransport: a descriptor that `read` and `write` are for.
    SocketTransport(Network& network, int pipe, std::size_t limit);
    ~SocketTransport() override;
    void cancel_operations() noexcept override;
    /// Closes what has no one left at its other end.
    void hang_up() noexcept {
        peer_ended_ = true;
        linger();
    }
    const Outgoing* outgoing() const noexcept { return out_.get(); }

private:
    friend struct Outgoing;
    class DirectWrite;
    class FileWrite;
    enum class Receiving : std::uint8_t {
        no,
        waiting,  // until there is something
        filling,  // the buffer
        probing,  // the same with what is there already
    };
    enum class End : std::uint8_t {
        no,
        sending,    // `close` was called: what waits is sent first
        lingering,  // all is sent: what nobody read is taken, lest the system answer it with a reset
        lost,       // an error: what the peer sent before it is still taken
        aborted,
    };

    // The coroutines hold the transport from when they are made, and not only once they run.
    template <class Bytes>
    static Coro<> send(TransportHandle transport, Writer writer, Bytes bytes);
    static Coro<std::int64_t> send_file(TransportHandle transport, Writer writer, int file, SendfileOptions options);
    static Coro<> drained(TransportHandle transport);
    static Coro<> closed(TransportHandle transport);
    TransportHandle handle() noexcept {
        share();
        return TransportHandle(this);
    }

    EventLoop* loop() const noexcept override { return network() ? &network()->loop() : nullptr; }
    bool fed_by_hand() const noexcept override { return false; }
    void want_data() noexcept override;
    bool filling() const noexcept override { return receiving_ > Receiving::waiting; }
    void abandoned() noexcept override;
    void descriptor_closed() noexcept override;
    bool tidy() noexcept override;

    void wait_readable() noexcept;
    bool receive() noexcept;
    void probe() noexcept;
    void received() noexcept;
    void take_result(Receiving what, int result) noexcept;
    static bool says_nothing(Receiving what, int result) noexcept;
    void take_last_words(Receiving what, int result) noexcept;
    void drop_late_words(Receiving what, int result) noexcept;
    void arrived(int n) noexcept;

    std::size_t send_answer(std::string_view bytes);
    Outgoing& out();
    void check_writable() const;
    void check_open(const char* call) const;
    void write_failed(int error) noexcept;
    void lose() noexcept;
    void loss_is_complete() noexcept;
    void throw_loss() const;
    OSError read_error() const { return OSError(read_error_, "read from " + name()); }
    OSError closed_error() const;
    void all_sent() noexcept;
    void linger() noexcept;

    Unique<Outgoing> out_;
    ServerState* server_;  // null once the descriptor is closed
    int write_error_ = 0, read_error_ = 0;
    Receiving receiving_ = Receiving::no;
    End end_ = End::no;
    std::uint8_t chunk_ = 0;          // the next room has 4 KiB times 2 to the power of this
    std::uint8_t sweeps_ = 0;         // while it lingers,
    std::uint8_t dropped_ = 0;        // and pieces of 4 KiB or less
    bool busy_ : 1 = false;           // data came lately: receive without waiting for readability first
    bool unanswered_ : 1 = false;     // data came, and nothing was sent at once since
    bool dry_ : 1 = false;            // the last receive had room for more than there was
    bool peer_ended_ : 1 = false;     // its end of file came, or a pipe's other side is gone
    bool pipe_ : 1 = false;           // one way only, by read and write
    bool touched_ = false;            // since it was last asked to tidy
    bool eof_wanted_ = false;         // `write_eof` was called, or `close` had to send its end of file
    bool awaits_late_words_ = false;  // there will be some, though there are none yet
    bool expects_end_ = false;        // and nothing else
    std::uint64_t heard_ = 0;         // the loop's looks when bytes came last
    Address peer_;
};

}  // namespace hocket
