// SPDX-License-Identifier: MIT
// The lines of HTTP/1, strictly: RFC 9112 without the liberties that it allows to recipients.
#include <hocket/http/http1_policy_internal.h>

#include <hocket/http/reading_internal.h>
#include <hocket/http/url_host_internal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

namespace hocket::http {

namespace {

constexpr int bad_request = 400;
constexpr int not_implemented = 501;
constexpr int version_not_supported = 505;

bool is_hex_digit(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool all_digits(std::string_view text) noexcept { return std::all_of(text.begin(), text.end(), is_digit); }

// 0 or 1, of `HTTP/1.0` and `HTTP/1.1`.
int read_version(std::string_view text) {
    constexpr std::string_view prefix = "HTTP/";
    if (text == "HTTP/1.1") return 1;
    if (text == "HTTP/1.0") return 0;
    const bool other = text.size() == prefix.size() + 3 && text.starts_with(prefix) && is_digit(text[5]) &&
                       text[6] == '.' && is_digit(text[7]);
    if (other) refuse(version_not_supported, "the version is " + std::string(text) + ", not HTTP/1.0 or HTTP/1.1");
    refuse(bad_request, "no version, but " + in_quotes(text));
}

constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_ipv6_address(std::string_view in_brackets) {
    try {
        parse_host(in_brackets, true);
        return true;
    } catch (const UrlFault&) {
        return false;
    }
}

// What a registered name is made of, but for `%`.
constexpr std::array<bool, 256> name_characters = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("-._~!$&'()*+,;=")) table[static_cast<unsigned char>(c)] = true;
    for (unsigned byte = 0; byte < 128; ++byte) {
        const char c = static_cast<char>(byte);
        table[byte] = table[byte] || is_digit(c) || is_letter(c);
    }
    return table;
}();

// How many characters at the front of `text` may be those of a registered name.
std::size_t name_size(std::string_view text) noexcept {
    std::size_t size = 0;
    while (size < text.size()) {
        if (text[size] == '%') {
            if (text.size() - size < 3 || !is_hex_digit(text[size + 1]) || !is_hex_digit(text[size + 2])) break;
            size += 2;
        } else if (!name_characters[static_cast<unsigned char>(text[size])]) {
            break;
        }
        ++size;
    }
    return size;
}

// Nothing, or a colon and what may be a port: RFC 3986, 3.2.3 allows for none after the colon.
bool is_port(std::string_view text) noexcept {
    if (text.empty()) return true;
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), port);
    return text[0] == ':' && text.size() <= 6 && all_digits(text.substr(1)) &&
           (text.size() == 1 || error == std::errc());
}

// RFC 3986, 3.2.2: a name or an address, perhaps with a port.
bool is_host(std::string_view text) {
    std::size_t end = 0;
    if (text.starts_with('[')) {
        end = std::min(text.find(']'), text.size() - 1) + 1;
        if (!is_ipv6_address(text.substr(0, end))) return false;
    } else {
        end = name_size(text);
    }
    return end > 0 && is_port(text.substr(end));
}

// Of `http://host:80/path`: the host and what is after it; empty if it has not this form.
std::string_view authority_of(std::string_view target) noexcept {
    const std::size_t scheme = target.find("://");
    const std::string_view name = target.substr(0, scheme);
    if (scheme == std::string_view::npos || !(equal_without_case(name, "http") || equal_without_case(name, "https"))) {
        return {};
    }
    const std::size_t begin = scheme + 3;
    return target.substr(begin, std::min(target.find_first_of("/?", begin), target.size()) - begin);
}

// RFC 9112, 3.2: a path; a URL; a host and port for CONNECT; `*` for OPTIONS.
bool is_target_of(std::string_view method, std::string_view target) {
    if (method == "CONNECT") {
        const std::size_t colon = target.rfind(':');
        return colon != std::string_view::npos && colon + 1 < target.size() && target.back() != ']' && is_host(target);
    }
    if (target.starts_with('/')) return true;
    if (target == "*") return method == "OPTIONS";
    return is_host(authority_of(target));
}

// The methods that have a meaning somewhere: those of the registry and a few in wide use. Which of them a parser's version knows is no
// matter: it is not asked.
bool is_known_method(std::string_view method) noexcept {
    constexpr std::string_view known[] = {
        "GET",    "POST",       "PUT",       "HEAD",   "DELETE",     "PATCH",     "OPTIONS", "CONNECT",    "TRACE",
        "QUERY",  "PROPFIND",   "PROPPATCH", "MKCOL",  "COPY",       "MOVE",      "LOCK",    "UNLOCK",     "SEARCH",
        "REPORT", "MKACTIVITY", "CHECKOUT",  "MERGE",  "MKCALENDAR", "ACL",       "BIND",    "UNBIND",     "REBIND",
        "LINK",   "UNLINK",     "PURGE",     "NOTIFY", "M-SEARCH",   "SUBSCRIBE", "LABEL",   "UNSUBSCRIBE"};
    return std::find(std::begin(known), std::end(known), method) != std::end(known);
}

// Fields of a request that stand once. With two, a server and what stands before it could each believe another one.
constexpr std::string_view singletons[] = {
    "Authorization", "Content-Location", "Content-Range",       "Content-Type",        "If-Modified-Since",
    "If-Range",      "Max-Forwards",     "Proxy-Authorization", "If-Unmodified-Since", "Range"};
constexpr std::uint32_t sizes_of_singletons = [] {
    std::uint32_t sizes = 0;
    for (const std::string_view name : singletons) sizes |= std::uint32_t{1} << name.size();
    return sizes;
}();

bool is_singleton(std::string_view name) noexcept {
    if (name.size() >= 32 || (sizes_of_singletons >> name.size() & 1) == 0) return false;
    return std::any_of(std::begin(singletons), std::end(singletons),
                       [&](std::string_view singleton) { return equal_without_case(name, singleton); });
}

// RFC 9112, 9.3.
bool keeps_alive(const Headers& headers, int minor_version) noexcept {
    if (headers.has_token("Connection", "close")) return false;
    return minor_version == 1 || headers.has_token("Connection", "keep-alive");
}

// Of `a, b`: the elements, which may be empty.
std::vector<std::string_view> elements(std::string_view list) {
    std::vector<std::string_view> found;
    for (bool has_more = true; has_more;) {
        has_more = list.find(',') != std::string_view::npos;
        found.push_back(take_element(list));
    }
    return found;
}

// The one transfer coding that is understood is `chunked`.
void check_transfer_encoding(const Headers& headers, int minor_version) {
    const std::string all = headers.combined("Transfer-Encoding");
    if (minor_version == 0) refuse(bad_request, "Transfer-Encoding in HTTP/1.0");
    const auto codings = elements(all);
    const auto is_chunked = [](std::string_view coding) { return equal_without_case(coding, "chunked"); };
    if (!std::all_of(codings.begin(), codings.end(), is_token) || !is_chunked(codings.back()) ||
        std::count_if(codings.begin(), codings.end(), is_chunked) != 1) {
        refuse(bad_request, "Transfer-Encoding is " + in_quotes(all) + ", which does not end in one \"chunked\"");
    }
    if (codings.size() != 1)
        refuse(not_implemented, "Transfer-Encoding is " + in_quotes(all) + ", not \"chunked\" alone");
}

std::uint64_t read_content_length(std::string_view digits) {
    const auto length = read_number<std::uint64_t>(digits);
    if (!length) refuse(bad_request, "Content-Length is " + in_quotes(digits) + ", not a number of bytes");
    return *length;
}

template <class Head>
void settle_framing(Head& head) {
    head.chunked = head.headers.contains("Transfer-Encoding");
    if (head.chunked) {
        check_transfer_encoding(head.headers, head.minor_version);
    } else if (const auto length = head.headers.get("Content-Length")) {
        head.content_length = read_content_length(*length);
    }
}

// What is in a quoted-string, from its opening mark on; 0 if it is not closed or holds what it may not.
std::size_t quoted_string_size(std::string_view text) noexcept {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') return i + 1;
        if (text[i] == '\\') ++i;
        if (i < text.size() && !is_field_value(text.substr(i, 1))) return 0;
    }
    return 0;
}

// Of a header line that does not begin with a token and a colon.
[[noreturn]] void refuse_name_in(std::string_view line) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
        refuse(bad_request, "a header line that begins with white space: " + in_quotes(line));
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) refuse(bad_request, "a header line without a colon: " + in_quotes(line));
    refuse(bad_request, "the header name " + in_quotes(line.substr(0, colon)) + " is no token");
}

bool are_chunk_extensions(std::string_view text) noexcept {
    while (!text.empty()) {
        if (text[0] != ';') return false;
        text.remove_prefix(1);
        const std::size_t name = token_size(text);
        if (name == 0) return false;
        text.remove_prefix(name);
        if (!text.starts_with('=')) continue;
        text.remove_prefix(1);
        const std::size_t value = text.starts_with('"') ? quoted_string_size(text) : token_size(text);
        if (value == 0) return false;
        text.remove_prefix(value);
    }
    return true;
}

}  // namespace

void refuse(int status, std::string why) { throw Refusal{status, std::move(why)}; }

RequestLine read_request_line(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == last) refuse(bad_request, "the request line " + in_quotes(line) + " has not three parts");
    RequestLine parts{line.substr(0, first), line.substr(first + 1, last - first - 1), 0};
    if (!is_token(parts.method)) refuse(bad_request, "the method " + in_quotes(parts.method) + " is no token");
    if (parts.target.empty() || !std::all_of(parts.target.begin(), parts.target.end(),
                                             [](char c) { return c > ' ' && c < 0x7f && c != '#'; })) {
        refuse(bad_request, "the target " + in_quotes(parts.target) + " is empty or holds what a URL may not");
    }
    parts.minor_version = read_version(line.substr(last + 1));
    if (!is_known_method(parts.method))
        refuse(not_implemented, "the method " + in_quotes(parts.method) + " is unknown");
    if (!is_target_of(parts.method, parts.target)) {
        refuse(bad_request, "the target " + in_quotes(parts.target) + " is none for " + std::string(parts.method));
    }
    return parts;
}

StatusLine read_status_line(std::string_view line) {
    constexpr std::size_t version_size = 8;
    StatusLine parts{0, {}, read_version(line.substr(0, version_size))};
    line.remove_prefix(version_size);
    const std::string_view status = line.substr(0, 4);
    // The space after the status is the standard's; servers that have no reason to give leave it out.
    if (status.size() != 4 || status[0] != ' ' || !all_digits(status.substr(1)) || status[1] == '0' ||
        (line.size() > 4 && line[4] != ' ')) {
        refuse(bad_request, "no status of three digits, but " + in_quotes(line));
    }
    parts.status = (status[1] - '0') * 100 + (status[2] - '0') * 10 + (status[3] - '0');
    parts.reason = line.substr(std::min<std::size_t>(line.size(), 5));
    if (!is_field_value(parts.reason))
        refuse(bad_request, "a control character in the reason " + in_quotes(parts.reason));
    return parts;
}

FieldLine read_field_line(std::string_view line) {
    const std::size_t size = token_size(line);
    if (size == 0 || size == line.size() || line[size] != ':') refuse_name_in(line);
    const FieldLine field{line.substr(0, size), trim(line.substr(size + 1))};
    if (!is_field_value(field.value)) {
        refuse(bad_request, "a control character in " + std::string(field.name) + ": " + in_quotes(field.value));
    }
    return field;
}

void check_framing(const FieldLine& field, std::string_view line, const Headers& before) {
    const bool is_length = field.name.size() == 14 && equal_without_case(field.name, "Content-Length");
    if (!is_length && !(field.name.size() == 17 && equal_without_case(field.name, "Transfer-Encoding"))) return;
    // An attempt to be read differently by another parser.
    if (line.find('\t') != std::string_view::npos) refuse(bad_request, "a tab in " + std::string(field.name));
    if (before.contains(is_length ? "Transfer-Encoding" : "Content-Length")) {
        refuse(bad_request, "Content-Length beside Transfer-Encoding");
    }
    if (is_length && before.contains("Content-Length")) refuse(bad_request, "several fields Content-Length");
}

void check_singleton(const FieldLine& field, const Headers& before) {
    if (is_singleton(field.name) && before.contains(field.name)) {
        refuse(bad_request, "several fields " + std::string(field.name));
    }
}

void check_trailer(const FieldLine& field) {
    constexpr std::string_view banned[] = {
        "Transfer-Encoding",
        "Content-Length",
        "Host",
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Upgrade",
        "TE",
        "Trailer",
        "Expect",
        "Authorization",
        "Proxy-Authorization",
        "WWW-Authenticate",
        "Proxy-Authenticate",
        "Authentication-Info",
        "Cookie",
        "Set-Cookie",
        "Content-Encoding",
        "Content-Type",
        "Content-Range",
        "Cache-Control",
        "Max-Forwards",
        "Range",
        "Location",
        "Vary",
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Origin",
    };
    if (std::any_of(std::begin(banned), std::end(banned),
                    [&](std::string_view name) { return equal_without_case(name, field.name); })) {
        refuse(bad_request, std::string(field.name) + " in the trailers");
    }
}

std::size_t check_chunk_line(std::string_view line) {
    constexpr std::size_t most_digits = 16;
    std::size_t digits = 0;
    while (digits < line.size() && is_hex_digit(line[digits])) ++digits;
    if (digits == 0 || digits > most_digits) refuse(bad_request, "no size of a chunk, but " + in_quotes(line));
    const std::string_view extensions = line.substr(digits);
    if (!are_chunk_extensions(extensions)) {
        refuse(bad_request, "malformed extensions of a chunk: " + in_quotes(extensions));
    }
    return extensions.size();
}

void settle(RequestHead& head) {
    std::optional<std::string_view> host;
    for (const auto& [name, value] : head.headers) {
        if (!equal_without_case(name, "Host")) continue;
        if (host) refuse(bad_request, "several fields Host");
        host = value;
    }
    if (!host && head.minor_version == 1) refuse(bad_request, "no Host");
    if (host && !is_host(*host)) refuse(bad_request, "Host is " + in_quotes(*host));
    const std::string_view named = head.target.starts_with('/') ? std::string_view() : authority_of(head.target);
    if (host && !named.empty() && !equal_without_case(named, *host)) {
        refuse(bad_request, "Host is " + in_quotes(*host) + ", and the target " + in_quotes(head.target));
    }
    settle_framing(head);
    const bool connects = head.method == "CONNECT";
    head.keep_alive = !connects && keeps_alive(head.headers, head.minor_version);
    head.upgrade = connects || (head.minor_version == 1 && head.headers.contains("Upgrade") &&
                                head.headers.has_token("Connection", "upgrade"));
    head.expects_continue = head.minor_version == 1 && head.headers.has_token("Expect", "100-continue");
}

void settle(ResponseHead& head) {
    settle_framing(head);
    head.keep_alive = keeps_alive(head.headers, head.minor_version);
    const bool never_has_body = head.status < 200 || head.status == 204;
    if (never_has_body && (head.chunked || head.content_length.value_or(0) != 0)) {
        refuse(bad_request, "a body of status " + std::to_string(head.status) + ", which has none");
    }
}

}  // namespace hocket::http
