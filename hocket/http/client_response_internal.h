// SPDX-License-Identifier: MIT
// What a response's handles share: the head, and the connection from which the body is still to come.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/memory.h>
#include <hocket/core/coro.h>
#include <hocket/http/client_response.h>
#include <hocket/http/client_trace_internal.h>
#include <hocket/http/connection_pool_internal.h>
#include <hocket/http/content_encoding.h>
#include <hocket/http/message.h>
#include <hocket/net/address.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace hocket::http {

/// What is asked for, as errors name it.
struct RequestName {
    std::string method;
    Url url;  // without user and password

    std::string text() const { return method + ' ' + url.str(); }
};

/// `0.5 s`
std::string in_seconds(Duration span);

/// A time limit as the caller gave it, and its end.
struct Deadline {
    std::optional<TimePoint> when = {};
    Duration limit = {};

    /// `timed out after 5 s`
    std::string text() const;
};

class ResponseState final : public Pooled {
public:
    ResponseState(const RequestName& name, ResponseHead&& head, Lease&& lease, const Deadline& deadline,
                  Shared<ClientTrace> trace = nullptr);
    ResponseState(const ResponseState&) = delete;
    ResponseState& operator=(const ResponseState&) = delete;

    void share() noexcept { ++refs_; }
    void drop() noexcept {
        if (--refs_ == 0) delete this;
    }

    /// The body is given as what it stands for, if it says how it is compressed, and that is known.
    void decode_within(const DecodeLimits& limits);

    enum class Wanted : std::uint8_t { some, line, all };  // `line`: bytes in which no line end was looked for yet

    // A read: `begin_read`, `take_arrived`, and if that is not enough `wait_for`; then `taken`.

    /// Throws what every read throws; RuntimeError if all was read before.
    void begin_read(Wanted wanted);
    /// Takes what has come; whether that is what is wanted, or all that there will be.
    bool take_arrived(Wanted wanted);
    Coro<> wait_for(Wanted wanted);
    std::string taken(Wanted wanted) noexcept;
    /// The next line, if it has come whole, or is the rest of the body; nothing: `Wanted::line` is to be read, or nothing is left. Throws ValueError for
    /// one of more than `limit` bytes, and takes nothing then.
    std::optional<std::string> take_line(std::size_t limit);
    /// Whether all of the body has come, and was decoded.
    bool has_all() const noexcept { return is_ended_ && !decoder_; }

    void close() noexcept;

    /// Whether the request's body is still sent, or how that has ended is not known yet.
    bool is_sending() const noexcept { return (sending_ && !sending_.done()) || keeper_; }
    /// Whether nothing more of the response can come.
    bool is_over() const noexcept { return !lease_; }
    /// Tells it to end, and waits until it has.
    Coro<> end_sending() { return end_of(sending_); }
    /// Once the response is whole: waits until the request's body is sent, too. Throws what it could not be sent for, and TimeoutError. A cancel
    /// only ends the wait.
    Coro<> finish_sending();
    /// `take_arrived` and `wait_for`; at the response's end, the request's body has ended, too.
    Coro<> read_while_sending(Wanted wanted);

    const RequestName name;
    ResponseHead head;
    std::vector<Url> history = {};
    const Address peername;
    const Shared<const TlsInfo> tls;  // of https; else null, whatever the proxy has

private:
    ~ResponseState() { release(); }
    Coro<> wait_without_limit(Wanted wanted);
    void end_body() noexcept;
    void take(const BodyData& data, Wanted wanted);
    void decode(Wanted wanted);
    bool has_what_is(Wanted wanted) const noexcept;
    // Of what is never enough there is nothing.
    bool has_any_of(Wanted wanted) const noexcept {
        return wanted != Wanted::all && arrived_.size() > (wanted == Wanted::line ? searched_ : given_);
    }
    std::size_t missing() const noexcept;
    // Takes the bytes that lines have given off the front.
    void forget_given() noexcept;
    std::string ended_early() const;
    void throw_failure_behind(Wanted wanted);
    [[noreturn]] void throw_failure();
    template <class Error>
    void set_failure(const std::string& why);
    template <class Error>
    [[noreturn]] void fail(const std::string& why);
    /// If the rest of the body has come already, the connection is given back; else closed.
    void release() noexcept;

    std::uint32_t refs_ = 1;
    bool is_ended_ = false;  // all of the body has come
    bool is_taken_ = false;  // a read has given all that `next` had left
    Task<> sending_;         // the request's body, which the response has overtaken; else empty
    /// How the sending of a body ended that a whole response had overtaken.
    struct SendingEnd {
        std::exception_ptr error = {};  // why it could not be sent
        bool is_late = false;           // the request's time limit has passed
        bool is_taken_away = false;     // the session was closed
    };
    static Coro<> keep_when_sent(Lease lease, Task<> sending, std::optional<TimePoint> when, Shared<SendingEnd> end);

    Task<> keeper_;  // has the connection until all is sent, when the response is whole before; else empty
    Shared<SendingEnd> sending_end_;
    bool is_streaming_;  // the request's body is a generator
    Lease lease_;        // empty once the body has ended, or was closed
    Deadline deadline_;
    Shared<ClientTrace> trace_;
    std::string arrived_;             // of the body, and not read yet, but for the lines before `given_`
    std::size_t given_ = 0;           // bytes of it that lines have given
    std::size_t searched_ = 0;        // bytes of it that have no line end but those of lines that were given
    std::uint64_t received_ = 0;      // as it came
    std::optional<Decoder> decoder_;  // while there may be more of what is compressed
    std::exception_ptr failure_;      // what every read throws
};

}  // namespace hocket::http
