// SPDX-License-Identifier: MIT
// Writing heads and chunks, and what is refused on the way out.
#include <hocket/http/http1_writer.h>

#include <hocket/base/errors.h>

#include <algorithm>
#include <charconv>

namespace hocket::http {

namespace {

[[noreturn]] void refuse(std::string_view message, const std::string& why) {
    throw ValueError("write HTTP " + std::string(message) + ": " + why);
}

// What both kinds of head say about the connection and the body; the first word of errors.
struct Framing {
    std::string_view message;
    const Headers& headers;
    const std::optional<std::uint64_t>& content_length;
    int minor_version;
    bool chunked;
    bool keep_alive;
};

// Fields that `headers` does not have, and that have to be written beside those.
struct Missing {
    bool length, coding, close, keep_alive;
};

// The digits of `n`, in `room`.
std::string_view digits_of(std::uint64_t n, char (&room)[20]) noexcept {
    return {room, static_cast<std::size_t>(std::to_chars(room, room + sizeof room, n).ptr - room)};
}

// What is said of the length by fields and what is known of it.
void check_length(const Framing& of, std::string_view field) {
    char room[20];
    const std::string_view length = of.content_length ? digits_of(*of.content_length, room) : "unknown";
    if (of.content_length && field == length) return;
    refuse(of.message,
           "the field Content-Length is " + in_quotes(field) + ", the body's length " + std::string(length));
}

// Throws for framing that is said twice or contradicts itself.
Missing missing_fields(const Framing& of) {
    if (of.minor_version != 0 && of.minor_version != 1) refuse(of.message, "the version is neither 1.0 nor 1.1");
    if (of.chunked && of.content_length) refuse(of.message, "chunked, and with a length");
    if (of.chunked && of.minor_version == 0) refuse(of.message, "HTTP/1.0 has no chunked bodies");
    Missing missing{of.content_length.has_value(), of.chunked, of.minor_version == 1 && !of.keep_alive,
                    of.minor_version == 0 && of.keep_alive};
    int lengths = 0;
    int codings = 0;
    for (const Headers::Field field : of.headers) {
        if (equal_without_case(field.name, "Content-Length")) {
            if (++lengths == 1) check_length(of, field.value);
            missing.length = false;
        } else if (equal_without_case(field.name, "Transfer-Encoding")) {
            if (++codings == 1 && !(of.chunked && equal_without_case(field.value, "chunked"))) {
                refuse(of.message, "the field Transfer-Encoding is " + in_quotes(field.value) + ", the body is " +
                                       (of.chunked ? "chunked" : "not chunked"));
            }
            missing.coding = false;
        }
    }
    if (lengths > 1 || codings > 1) refuse(of.message, "a framing field twice");
    if (missing.close) missing.close = !of.headers.has_token("Connection", "close");
    if (missing.keep_alive) missing.keep_alive = !of.headers.has_token("Connection", "keep-alive");
    return missing;
}

void append(std::string& to, const Missing& missing, const Framing& of) {
    char room[20];
    if (missing.length) to.append("Content-Length: ").append(digits_of(*of.content_length, room)).append("\r\n");
    if (missing.coding) to += "Transfer-Encoding: chunked\r\n";
    if (missing.close) to += "Connection: close\r\n";
    if (missing.keep_alive) to += "Connection: keep-alive\r\n";
}

bool is_target(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

struct Phrase {
    int status;
    std::string_view text;
};

// RFC 9110, 15, and the registry of status codes.
constexpr Phrase phrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a Teapot"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};
static_assert(std::is_sorted(std::begin(phrases), std::end(phrases),
                             [](const Phrase& a, const Phrase& b) { return a.status < b.status; }));

}  // namespace

void write_head(std::string& to, const RequestHead& head) { write_head(to, head, head.headers); }

void write_head(std::string& to, const RequestHead& head, const Headers& headers) {
    if (!is_token(head.method)) refuse("request", "the method " + in_quotes(head.method) + " is no token");
    if (!is_target(head.target)) {
        refuse("request " + head.method, "a space, a control character or a byte above 126 in the target " +
                                             in_quotes(head.target) + ", or nothing");
    }
    const Framing framing{"request", headers, head.content_length, head.minor_version, head.chunked, head.keep_alive};
    const Missing missing = missing_fields(framing);
    to.append(head.method).append(" ").append(head.target);
    to += head.minor_version == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n";
    to += headers.lines();
    append(to, missing, framing);
    if (head.expects_continue && !headers.has_token("Expect", "100-continue")) to += "Expect: 100-continue\r\n";
    to += "\r\n";
}

void write_head(std::string& to, const ResponseHead& head, std::string_view more) {
    if (head.status < 100 || head.status > 999) {
        refuse("response", "the status " + std::to_string(head.status) + " has not three digits");
    }
    if (!is_field_value(head.reason)) {
        refuse("response", "a control character in the reason " + in_quotes(head.reason));
    }
    const bool never_has_body = head.status < 200 || head.status == 204;
    if (never_has_body && (head.chunked || head.content_length)) {
        refuse("response", "a body of status " + std::to_string(head.status) + ", which has none");
    }
    const Framing framing{"response",         head.headers, head.content_length,
                          head.minor_version, head.chunked, head.keep_alive};
    const Missing missing = missing_fields(framing);
    char room[20];
    to += head.minor_version == 0 ? "HTTP/1.0 " : "HTTP/1.1 ";
    to.append(digits_of(static_cast<std::uint64_t>(head.status), room)).append(" ");
    if (head.reason.empty()) {
        to += reason_phrase(head.status);
    } else {
        to += head.reason;
    }
    to += "\r\n";
    to += more;
    to += head.headers.lines();
    append(to, missing, framing);
    to += "\r\n";
}

void write_chunk(std::string& to, std::string_view bytes) {
    if (bytes.empty()) return;
    char size[16];
    const auto [end, error] = std::to_chars(size, size + sizeof size, bytes.size(), 16);
    to.append(size, end).append("\r\n").append(bytes).append("\r\n");
}

void write_last_chunk(std::string& to) { to += "0\r\n\r\n"; }

std::string_view reason_phrase(int status) noexcept {
    const auto* found = std::lower_bound(std::begin(phrases), std::end(phrases), status,
                                         [](const Phrase& phrase, int s) { return phrase.status < s; });
    return found != std::end(phrases) && found->status == status ? found->text : std::string_view();
}

}  // namespace hocket::http
