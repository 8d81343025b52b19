// SPDX-License-Identifier: MIT
// The events of which HTTP messages consist: what HTTP/1 and HTTP/2 both say.
#pragma once

#include <hocket/http/headers.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hocket::http {

/// What comes before a request's body.
struct RequestHead {
    std::string method = {};  ///< `GET`
    std::string target = {};  ///< `/items?limit=3`, as it was sent
    int minor_version = 1;    ///< of HTTP/1: 0 or 1
    Headers headers = {};
    bool keep_alive = true;                            ///< another request may follow on this connection
    std::optional<std::uint64_t> content_length = {};  ///< bytes of the body, if they are known beforehand
    bool chunked = false;                              ///< the body is a sequence of chunks, and trailers may follow it
    bool expects_continue = false;                     ///< the client waits for `100 Continue` before it sends the body
    bool upgrade = false;                              ///< asks for another protocol: Upgrade, or the method CONNECT
};

/// What comes before a response's body.
struct ResponseHead {
    int status = 200;
    std::string reason = {};  ///< `OK`; when it is written, empty stands for the usual one
    int minor_version = 1;    ///< of HTTP/1: 0 or 1
    Headers headers = {};
    bool keep_alive = true;  ///< another request may be sent on this connection
    /// Bytes of the body, if they are known beforehand; of a response to HEAD, and of 304, those that it would have.
    std::optional<std::uint64_t> content_length = {};
    bool chunked = false;  ///< the body is a sequence of chunks, and trailers may follow it
};

/// A piece of a message's body, without the framing of chunks.
struct BodyData {
    std::string_view bytes = {};  ///< in the input that the parser was given; never empty
};

/// The message is complete.
struct MessageEnd {
    Headers trailers = {};  ///< what followed a chunked body
};

/// What a protocol's state machine finds in the bytes: of each message a head, any number of pieces of its body, its end. No event
/// (`std::monostate`): more input is needed.
using Event = std::variant<std::monostate, RequestHead, ResponseHead, BodyData, MessageEnd>;

}  // namespace hocket::http
