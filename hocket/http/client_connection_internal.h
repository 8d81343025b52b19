// SPDX-License-Identifier: MIT
// A client's connection: one exchange of request and response at a time.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/memory.h>
#include <hocket/base/owners.h>
#include <hocket/core/task.h>
#include <hocket/http/body_stream.h>
#include <hocket/http/http1_parser.h>
#include <hocket/net/tls_info.h>
#include <hocket/net/transport.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// The connection was lost: before a whole head had come, or because the session was closed.
struct Lost {
    std::string why;
    bool before_answer;  ///< not a byte of it
};

/// What follows a request's head: nothing, bytes, or pieces that are made while they are sent.
struct OutgoingBody {
    Shared<const std::string> whole = {};  ///< null if there is none
    BodyStream stream = {};
    std::optional<std::uint64_t> length = {};  ///< of the stream; nothing: it is chunked

    explicit operator bool() const noexcept { return whole || stream; }
    bool can_repeat() const noexcept { return !stream || stream.can_repeat(); }
};

/// What its waits may take, of one exchange; 0: any time; less: none.
struct WaitLimits {
    Duration read = {}, write = {};
    Shared<const std::string> request = {};  // before the errors' texts; null where there is no limit
};

/// Waits until the task that sends a body has ended, or the connection has, so that nobody would take more.
Coro<> all_sent(TransportHandle transport, Task<> sending);
/// Cancels the task that sends a body, and waits until it has ended, however often who waits is cancelled: each time, it is told again.
Coro<> end_of(Task<> sending);

class ClientConnection final : public Pooled {
public:
    /// `limits`: of what the server sends.
    explicit ClientConnection(TransportHandle transport, const Limits& limits = {})
        : transport_(std::move(transport)), parser_(Http1Parser::Reads::responses, limits) {}
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;
    /// Closes at once: nothing more is sent.
    ~ClientConnection();

    /// Of the next exchange.
    void set_limits(WaitLimits limits) { limits_ = std::move(limits); }

    /// Sends head and body, small ones in one write; does not wait. A large body goes out beside the reading of the response, since
    /// there are servers that answer before they have it all. Throws Lost.
    void send(const std::string& head, const OutgoingBody& body);
    /// The server wants no more of it: what is not sent yet stays behind, and no other request follows.
    void stop_sending() noexcept;
    /// The task that sends a large body or the pieces of a generator; empty if there is none, and once it has ended.
    Task<> sending() const noexcept { return sending_ && !sending_.done() ? sending_ : Task<>(); }
    /// Whether the body that is sent comes from a generator.
    bool is_streaming() const noexcept { return is_streaming_; }
    /// Whether the body was told to end before all of it was sent.
    bool is_cut() const noexcept { return is_cut_; }
    /// Waits for the head of the response to a request with this method, and puts it into `to`; `keep_alive`: that is what the request asked
    /// for. Throws Lost; TlsError for a server that ends TLS with an alert; ProtocolError for what is no HTTP. When it throws, a generator that is
    /// sent has ended.
    Coro<> read_head(std::string_view method, bool keep_alive, ResponseHead& to);

    /// The next event in what has come already; nothing: more is needed. Throws ProtocolError, also for an end in the midst of a body;
    /// Lost.
    Event next_event();
    /// Whether the response is complete as it is: what no further bytes belong to.
    bool is_complete();
    /// Waits for more bytes, the end or an error; `of_use`: so many would help. Throws OSError; ReadTimeout; RuntimeError while another task waits.
    Coro<> more(std::size_t of_use);

    /// Whether another request may follow, for all that is known here: both sides want it, everything was sent, and nothing came but
    /// the response.
    bool is_reusable() const noexcept {
        return is_kept_alive_ && (!sending_ || (sending_.done() && !is_cut_)) && parser_.between_messages() &&
               transport_->unread().empty() && !transport_->eof() && !transport_->exception();
    }
    /// Why the body could not be sent, if that has ended the connection: what its generator has thrown, or WriteTimeout. Else null.
    std::exception_ptr body_error() const noexcept { return progress_ ? progress_->error : nullptr; }
    const TransportHandle& transport() const noexcept { return transport_; }
    /// What TLS has agreed on, put together when it is asked for first; null where there is no TLS.
    const Shared<const TlsInfo>& tls();

    /// Whether neither bytes nor the end have come; the system is asked.
    bool is_silent() const noexcept { return transport_->silent(); }
    /// The same of one on which something has just come, and the system is not asked.
    bool is_fresh() const noexcept { return transport_->drained(); }
    void abort() const noexcept { transport_->abort(); }

    bool is_used_again = false;   ///< an exchange came before
    bool is_unasked = false;      ///< the system was not asked whether it is still good
    bool is_taken_away = false;   ///< the session closed it
    std::int64_t idle_since = 0;  ///< the loop's time, in nanoseconds
    std::size_t place = 0;        ///< among those in use

    /// The server has sent all that it will, and all was looked at.
    bool has_ended() const noexcept { return transport_->eof() && transport_->unread().empty(); }

private:
    /// Shared with the task that sends a large body or a stream.
    struct Progress {
        std::exception_ptr error = {};
    };
    /// What a task that sends has thrown becomes the request's error, and ends the connection, which wakes who reads; a cancel does not.
    static void give_up(const TransportHandle& transport, Progress& progress);
    static Coro<> send_large(TransportHandle transport, std::string head, Shared<const std::string> body,
                             WaitLimits limits, Shared<Progress> progress);
    static Coro<> send_stream(TransportHandle transport, std::string head, BodyStream::Pieces pieces,
                              std::optional<std::uint64_t> length, WaitLimits limits, Shared<Progress> progress);
    Event parse();
    /// False: it has not come whole. Throws Lost where it cannot any more.
    bool next_head(ResponseHead& to);

    TransportHandle transport_;
    Http1Parser parser_;
    Task<> sending_;             // a large body, or a stream; empty if there is none
    Shared<Progress> progress_;  // of these
    Shared<const TlsInfo> tls_;  // null: not asked for
    WaitLimits limits_;
    bool is_streaming_ = false;   // what is sent comes from a generator
    bool is_cut_ = false;         // not all of the body was sent
    bool is_kept_alive_ = false;  // by both sides, after this exchange
};

}  // namespace hocket::http
