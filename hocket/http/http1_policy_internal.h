// SPDX-License-Identifier: MIT
// What a line of HTTP/1 may look like, and what a head may say: stricter than parsers are.
#pragma once

#include <hocket/http/message.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace hocket::http {

/// Thrown by everything here; the parser says which message it was.
struct Refusal {
    int status;  ///< what a server answers
    std::string why;
};

[[noreturn]] void refuse(int status, std::string why);

// All lines are without their CRLF, and hold no other CR or LF.

struct RequestLine {
    std::string_view method, target;
    int minor_version;
};
RequestLine read_request_line(std::string_view line);

struct StatusLine {
    int status;
    std::string_view reason;
    int minor_version;
};
StatusLine read_status_line(std::string_view line);

struct FieldLine {
    std::string_view name, value;
};
FieldLine read_field_line(std::string_view line);
/// Refuses a Content-Length or Transfer-Encoding that does not go with the fields before it; `line`: all of it.
void check_framing(const FieldLine& field, std::string_view line, const Headers& before);
/// Refuses a second field of a request where one alone has a meaning.
void check_singleton(const FieldLine& field, const Headers& before);
/// Refuses what would change the meaning of a message that has been read already: framing, routing, authentication.
void check_trailer(const FieldLine& field);

/// Checks a chunk's size and extensions; how many bytes the latter have.
std::size_t check_chunk_line(std::string_view line);

/// Refuses heads that two parsers could understand in two ways, and sets what follows from the fields: `content_length`, `chunked`,
/// `keep_alive`, as far as the fields decide, `upgrade`, `expects_continue`.
void settle(RequestHead& head);
void settle(ResponseHead& head);

}  // namespace hocket::http
