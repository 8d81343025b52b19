// SPDX-License-Identifier: MIT
// HTTP/1 from bytes to events: a state machine without input or output.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/owners.h>
#include <hocket/http/errors.h>
#include <hocket/http/message.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hocket::http {

/// What a peer may make us read and keep. They hold however the bytes are divided among reads.
struct Limits {
    std::size_t line = 8190;                 ///< bytes of the request or status line, without its CRLF
    std::size_t field = 8190;                ///< bytes of a line of a header field or trailer
    std::size_t fields = 128;                ///< header fields of a message, and as many trailers
    std::size_t head = 64 << 10;             ///< bytes of all lines before the body, and as many after it
    std::size_t chunk_extension = 1024;      ///< bytes of all chunk extensions of a message
    std::optional<std::uint64_t> body = {};  ///< bytes of a body; nothing: 1 MiB for requests, no limit for responses
    int informational = 16;                  ///< 1xx responses before the final one

    static constexpr std::uint64_t usual_body = 1 << 20;  ///< of requests
};

/// Finds requests or responses of HTTP/1.0 and 1.1 in a stream of bytes: RFC 9112, strictly.
///
/// Refused is what parsers forgive: bare CR or LF, folded lines, spaces in odd places, other versions, framing that two parsers could read in two
/// ways. llhttp takes chunks apart, and is not asked what is allowed, so that each of its versions gives the same verdicts. 1xx responses but 101
/// are passed over.
///
/// Belongs to one task at a time.
class HOCKET_EXPORT Http1Parser {
public:
    enum class Reads : std::uint8_t { requests, responses };

    explicit Http1Parser(Reads what, const Limits& limits = {});
    Http1Parser(Http1Parser&&) noexcept;
    Http1Parser& operator=(Http1Parser&&) noexcept;
    ~Http1Parser();

    /// The next response answers a request with this method: HEAD's has no body, and after a successful CONNECT comes another protocol.
    /// To be called before each response; without it, one to GET is expected.
    void expect_response_to(std::string_view method);

    /// Takes bytes off the front of `input` up to the end of the next event, and returns it; or takes all and returns `std::monostate`: more
    /// input is needed. A BodyData points into `input`.
    ///
    /// After the MessageEnd of a message without keep-alive, or with which the protocol changes, what is left in `input` is not HTTP, or
    /// must not be read as such. Throws ProtocolError, once and for ever: every later call throws it again.
    Event next(std::string_view& input);

    /// The peer will send no more: MessageEnd of a body that ends so, `std::monostate` between messages. Throws ProtocolError in the midst of
    /// a message.
    Event eof();

    /// Whether not a byte of a message has been seen since the last one's MessageEnd.
    bool between_messages() const noexcept;

private:
    class State;
    Unique<State> state_;
};

}  // namespace hocket::http
