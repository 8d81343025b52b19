// SPDX-License-Identifier: MIT
// The transport that speaks TLS over another one.
#pragma once

#include <hocket/core/gate.h>
#include <hocket/core/handle.h>
#include <hocket/net/tls_context.h>
#include <hocket/net/transport.h>

#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;

namespace hocket {

/// What a connection's TLS is to be: checked arguments.
struct TlsSetup {
    TlsContext context;
    std::string server_hostname;  // ASCII; empty: none
    Duration handshake_timeout, shutdown_timeout;
};

/// `side`: who calls. Throws ValueError for arguments that make no sense together, and names them as `side`'s options do.
enum class TlsSide : std::uint8_t { client, server, either };
TlsSetup tls_setup(TlsSide side, TlsContext context, std::optional<std::string> server_hostname,
                   std::optional<Duration> handshake_timeout, std::optional<Duration> shutdown_timeout);

/// Throws ValueError if there are time-outs of a TLS that there is not.
void check_no_tls_timeouts(std::optional<Duration> handshake_timeout, std::optional<Duration> shutdown_timeout);

/// Negotiates TLS on a stream; from then on each of its handles stands for the secured one. What came before and was not read is taken for the
/// peer's TLS. If that fails, the stream is closed.
Coro<> start_tls(TransportHandle stream, TlsSetup setup);

/// TLS on top of a stream of bytes. It has no descriptor and no task: it encrypts when somebody writes, decrypts when somebody
/// waits for data and the stream below has brought some, and takes part in the loop's ready queue for that.
///
/// What a task writes is encrypted piece by piece, each when the one before was taken by the system. What other tasks give meanwhile is
/// copied and comes behind.
///
/// Closing sends what waits, then the alert close_notify, and waits for the peer's; only then is the stream below closed. Where all that takes
/// longer than the shutdown's time-out, the stream below is aborted.
class TlsTransport final : public Transport {
public:
    TlsTransport(Transport& lower, TlsSetup setup);

    /// The wall clock, in seconds, where it is not the system's, which is the only one that OpenSSL knows.
    std::optional<std::time_t> virtual_time() const noexcept;

    /// The first half of its life, in which `lower` is not yet under it. Throws TlsError, OSError.
    Coro<> handshake();
    /// Tells the peer why the handshake failed, as far as OpenSSL has something to say.
    void give_up_handshake() noexcept;
    /// The second: it is the top of the stream.
    void take_over() noexcept;

    Coro<> write(std::string_view bytes) override;
    Coro<> write_owned(std::string bytes) override;
    void write_nowait(std::string_view bytes) override;
    Coro<> drain() override;
    std::size_t get_write_buffer_size() const noexcept override;
    // That of the stream below, which is all that waits but for what comes while a task writes.
    void set_write_buffer_limits(WriteBufferLimits limits) override { lower_.set_write_buffer_limits(limits); }
    std::pair<std::size_t, std::size_t> get_write_buffer_limits() const override {
        return lower_.get_write_buffer_limits();
    }
    bool silent() const noexcept override;
    bool drained() const noexcept override;
    void write_eof() override;
    void close() noexcept override;
    void abort() noexcept override;
    void reset() noexcept override;
    bool is_closing() const noexcept override { return state_ != State::open || lower_.is_closing(); }
    bool lost() const noexcept override { return loss_ || lower_.lost(); }
    Coro<> wait_closed() override;

    Address sockname() const override { return lower_.sockname(); }
    Address peername() const override { return lower_.peername(); }
    int fileno() const noexcept override { return lower_.fileno(); }
    Shared<const TlsInfo> tls() const override;

    /// Where a client's sessions may be resumed.
    std::string session_key() const { return setup_.server_hostname + ' ' + peer_; }

    // What OpenSSL reads from and writes to.

    std::string_view encrypted() const noexcept { return lower_.unread(); }
    void consume_encrypted(std::size_t n) noexcept { lower_.consume(n); }
    bool no_more_encrypted() const noexcept { return lower_.eof_ && encrypted().empty(); }
    void append_encrypted(std::string_view bytes) { records_.append(bytes); }

private:
    enum class State : std::uint8_t { open, closing, aborted };
    // Takes a turn of the loop, in which news from below are looked at: the one below may not be called back in the midst of its own work.
    struct Turn final : Node {
        TlsTransport& owner;
        explicit Turn(TlsTransport& transport) noexcept : owner(transport) {}
        void run() override;
        void discard() noexcept override;
    };

    template <class Bytes>
    static Coro<> send(TransportHandle transport, Writer writer, Bytes bytes);
    static Coro<> drained(TransportHandle transport);
    static Coro<> closed(TransportHandle transport);
    TransportHandle handle() noexcept {
        share();
        return TransportHandle(this);
    }

    ~TlsTransport() override;
    EventLoop* loop() const noexcept override { return loop_; }
    bool fed_by_hand() const noexcept override { return false; }
    void want_data() noexcept override;
    void abandoned() noexcept override;
    void lower_news() noexcept override;
    void lower_closed() noexcept override;

    void set_name();
    std::string attempted_handshake() const;
    [[noreturn]] void throw_handshake_error();
    void look() noexcept;
    bool decrypt() noexcept;
    void answer();
    void look_at_the_end(int why);
    void want(std::size_t n) noexcept;
    void lose(std::exception_ptr error) noexcept;

    void check_open(const char* call) const;
    void encrypt(std::string_view bytes);
    void send_records();
    void say_last_words() noexcept;
    void finish_write(std::string_view rest) noexcept;
    void shut_down() noexcept;
    void await_close_notify() noexcept;
    bool start_shutdown_timer() noexcept;
    void stop_shutdown_timer() noexcept;
    void shutdown_takes_too_long() noexcept;
    void throw_timeout() const;

    Transport& lower_;
    EventLoop* loop_;  // null once the descriptor is closed
    TlsSetup setup_;
    std::string peer_;
    ssl_st* ssl_ = nullptr;
    std::size_t answered_ = 0;  // bytes of answers to the peer since all was sent
    std::string records_;       // encrypted, and about to be given to the one below
    std::string queued_;        // not encrypted: comes behind what a task writes
    std::exception_ptr loss_;
    WaitPoint queue_sent_{"StreamWriter.drain"};
    Turn turn_{*this};
    Handle shutdown_timer_;  // armed from `close` on
    State state_ = State::open;
    bool carried_ = false;  // it stands on `lower_`
    bool turn_scheduled_ = false;
    bool writing_ = false;     // a task writes
    bool peer_ended_ = false;  // it has said so, and this end is closed for that
    bool broken_ = false;      // by what the peer sent: nothing more can be said to him
    bool awaits_close_notify_ = false;
    bool shutdown_timed_out_ = false;
};

}  // namespace hocket
