// SPDX-License-Identifier: MIT
// The host parser of the URL standard, section 3.5.
#include <hocket/http/url_host_internal.h>

#include <hocket/http/params.h>
#include <hocket/http/percent_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>

#include <idn2.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace hocket::http {

namespace {

[[noreturn]] void refuse(std::string_view host, const std::string& why) {
    throw UrlFault{"the host " + in_quotes(host) + ' ' + why};
}

// Forbidden host code points, and in names control characters and `%` too.
void check_characters(std::string_view host, std::string_view decoded, bool is_name) {
    constexpr std::string_view forbidden("\0\t\n\r #/:<>?@[\\]^|", 17);
    for (const char c : decoded) {
        const auto byte = static_cast<unsigned char>(c);
        if (forbidden.find(c) != std::string_view::npos || (is_name && (byte < ' ' || c == '%' || byte == 0x7f))) {
            refuse(host, "has " + (c == ' ' ? std::string("a space") : in_quotes({&c, 1})) + " in it");
        }
    }
}

// A part of an IPv4 address, which may be decimal, octal (017) or hexadecimal (0xf). Too large a number is the largest.
std::optional<std::uint64_t> ipv4_number(std::string_view text) noexcept {
    if (text.empty()) return std::nullopt;
    int radix = 10;
    if (text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        radix = 16;
        text.remove_prefix(2);
    } else if (text.size() >= 2 && text[0] == '0') {
        radix = 8;
        text.remove_prefix(1);
    }
    std::uint64_t number = 0;
    for (const char c : text) {
        const int digit = hex_value(c);
        if (digit < 0 || digit >= radix) return std::nullopt;
        number = std::min<std::uint64_t>(number * static_cast<unsigned>(radix) + static_cast<unsigned>(digit),
                                         std::uint64_t{1} << 32);
    }
    return number;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

// Whether the last label is a number: such a host is an IPv4 address or nothing.
bool ends_in_a_number(std::string_view name) {
    auto labels = split(name, '.');
    if (labels.back().empty() && labels.size() > 1) labels.pop_back();
    const std::string_view last = labels.back();
    return !last.empty() && (std::all_of(last.begin(), last.end(), is_digit) || ipv4_number(last));
}

std::string parse_ipv4(std::string_view text) {
    auto parts = split(text, '.');
    if (parts.back().empty() && parts.size() > 1) parts.pop_back();
    std::uint64_t address = 0;
    bool is_valid = parts.size() <= 4;
    for (std::size_t i = 0; i < parts.size() && is_valid; ++i) {
        const auto number = ipv4_number(parts[i]);
        // The last part stands for all bytes that are left.
        const bool is_last = i + 1 == parts.size();
        is_valid = number && *number < (is_last ? std::uint64_t{1} << 8 * (5 - parts.size()) : 256);
        if (is_valid) address += is_last ? *number : *number << 8 * (3 - i);
    }
    if (!is_valid) refuse(text, "ends in a number but is no IPv4 address");
    std::string result;
    for (const int shift : {24, 16, 8, 0}) {
        if (!result.empty()) result += '.';
        result += std::to_string(address >> shift & 255);
    }
    return result;
}

using Ipv6 = std::array<std::uint16_t, 8>;

// The four numbers at the end of `::ffff:1.2.3.4`, as two pieces.
bool parse_dotted(std::string_view text, std::uint16_t* pieces) {
    const auto parts = split(text, '.');
    if (parts.size() != 4) return false;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::string_view part = parts[i];
        if (part.empty() || part.size() > 3 || !std::all_of(part.begin(), part.end(), is_digit) ||
            (part.size() > 1 && part[0] == '0')) {
            return false;
        }
        const int value = std::stoi(std::string(part));
        if (value > 255) return false;
        pieces[i / 2] = static_cast<std::uint16_t>(pieces[i / 2] << 8 | value);
    }
    return true;
}

std::optional<Ipv6> parse_ipv6(std::string_view text) {
    Ipv6 address{};
    std::size_t size = 0;
    std::optional<std::size_t> gap;  // where `::` stands
    if (text.starts_with(':')) {
        if (!text.starts_with("::")) return std::nullopt;
        text.remove_prefix(2);
        gap = 0;
    }
    while (!text.empty()) {
        if (size == address.size()) return std::nullopt;
        if (text[0] == ':') {  // after a piece and its colon
            if (gap) return std::nullopt;
            gap = size;
            text.remove_prefix(1);
            continue;
        }
        const std::size_t end = std::min(text.find(':'), text.size());
        const std::string_view piece = text.substr(0, end);
        if (piece.find('.') != std::string_view::npos) {
            if (end != text.size() || size > 6 || !parse_dotted(piece, &address[size])) return std::nullopt;
            size += 2;
            break;
        }
        if (piece.size() > 4) return std::nullopt;
        for (const char c : piece) {
            if (hex_value(c) < 0) return std::nullopt;
            address[size] = static_cast<std::uint16_t>(address[size] << 4 | hex_value(c));
        }
        ++size;
        text.remove_prefix(end);
        if (text == ":") return std::nullopt;
        if (!text.empty()) text.remove_prefix(1);
    }
    if (!gap && size != address.size()) return std::nullopt;
    if (gap) {
        if (size == address.size()) return std::nullopt;
        std::rotate(address.begin() + static_cast<std::ptrdiff_t>(*gap),
                    address.begin() + static_cast<std::ptrdiff_t>(size), address.end());
    }
    return address;
}

// RFC 5952: the first of the longest runs of zeros becomes `::`.
std::string write_ipv6(const Ipv6& address) {
    std::size_t zeros_at = address.size();
    std::size_t zeros = 1;
    for (std::size_t i = 0; i < address.size();) {
        std::size_t end = i;
        while (end < address.size() && address[end] == 0) ++end;
        if (end - i > zeros) {
            zeros = end - i;
            zeros_at = i;
        }
        i = std::max(end, i + 1);
    }
    std::string result = "[";
    for (std::size_t i = 0; i < address.size(); ++i) {
        if (i == zeros_at) {
            result += i == 0 ? "::" : ":";
            i += zeros - 1;
            continue;
        }
        constexpr std::string_view digits = "0123456789abcdef";
        bool started = false;
        for (const int shift : {12, 8, 4, 0}) {
            const auto digit = static_cast<std::size_t>(address[i] >> shift & 15);
            started = started || digit != 0 || shift == 0;
            if (started) result += digits[digit];
        }
        if (i + 1 < address.size()) result += ':';
    }
    return result + ']';
}

// The first full stop, or one of those that other scripts have for it (UTS 46, 4): where it is and how many bytes it has.
std::pair<std::size_t, std::size_t> find_stop(std::string_view name) noexcept {
    std::pair<std::size_t, std::size_t> first{name.size(), 0};
    for (const std::string_view stop : {".", "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"}) {
        const std::size_t at = name.find(stop);
        if (at < first.first) first = {at, stop.size()};
    }
    return first;
}

[[noreturn]] void refuse_name(std::string_view host, const char* why) {
    refuse(host, std::string("is no international name: ") + why);
}

std::string label_to_ascii(std::string_view host, const std::string& label) {
    char* ascii = nullptr;
    const int error = idn2_to_ascii_8z(label.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (error != IDN2_OK) refuse_name(host, idn2_strerror(error));
    std::string result = ascii;
    idn2_free(ascii);
    return result;
}

// `xn--...`, in lower case: what it stands for must be written so, and not as another label.
void check_encoded_label(std::string_view host, const std::string& label) {
    char* decoded = nullptr;
    const int error = idn2_to_unicode_8z8z(label.c_str(), &decoded, 0);
    if (error != IDN2_OK) refuse_name(host, idn2_strerror(error));
    const std::string unicode = decoded;
    idn2_free(decoded);
    if (label_to_ascii(host, unicode) != label) refuse_name(host, "a label is not encoded as it should be");
}

// UTS 46, non-transitional. A label that is ASCII and not encoded is only lowered: libidn2 would also apply rules for registering
// names, which the standard leaves to the name system.
std::string converted(std::string_view host, std::string_view label) {
    std::string lower = lowered(label);
    const bool is_known = is_ascii(lower);
    if (is_known && !lower.starts_with("xn--")) return lower;
    const std::string result = label_to_ascii(host, is_known ? lower : std::string(label));
    if (result.starts_with("xn--") && is_known) check_encoded_label(host, result);
    return result;
}

// More than any name of 255 bytes comes from.
constexpr std::size_t most_to_convert = 4096;

std::string to_ascii(std::string_view host, std::string_view name) {
    if (is_ascii(name) && lowered(name).find("xn--") == std::string::npos) return lowered(name);
    if (name.size() > most_to_convert) refuse_name(host, "it is too long");
    std::string result;
    for (;;) {
        const auto [at, size] = find_stop(name);
        result += converted(host, name.substr(0, at));
        if (size == 0) return result;
        result += '.';
        name.remove_prefix(at + size);
    }
}

// `127.0.0.1`: four decimal numbers without zeros before them.
bool is_plain_ipv4(std::string_view text) noexcept {
    for (int parts = 1;; ++parts) {
        std::size_t digits = 0;
        int number = 0;
        while (digits < text.size() && digits < 4 && is_digit(text[digits]))
            number = number * 10 + (text[digits++] - '0');
        if (digits == 0 || number > 255 || (digits > 1 && text[0] == '0')) return false;
        text.remove_prefix(digits);
        if (text.empty()) return parts == 4;
        if (text[0] != '.' || parts == 4) return false;
        text.remove_prefix(1);
    }
}

// `www.example.org`: nothing to convert, and no number at its end.
bool is_plain_name(std::string_view text) noexcept {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto is_plain = [&](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; };
    const std::size_t last = text.rfind('.') + 1;  // 0 if there is none
    return last < text.size() && is_letter(text[last]) && std::all_of(text.begin(), text.end(), is_plain) &&
           text.find("xn--") == std::string_view::npos;
}

}  // namespace

bool is_plain_host(std::string_view text) noexcept { return is_plain_ipv4(text) || is_plain_name(text); }

std::string parse_host(std::string_view text, bool is_special) {
    if (is_special && is_plain_host(text)) return std::string(text);
    if (text.starts_with('[')) {
        if (!text.ends_with(']')) refuse(text, "has no closing bracket");
        const auto address = parse_ipv6(text.substr(1, text.size() - 2));
        if (!address) refuse(text, "is no IPv6 address");
        return write_ipv6(*address);
    }
    if (!is_special) {
        check_characters(text, text, false);
        std::string result;
        append_encoded(result, text, control_set);
        return result;
    }
    const std::string name = percent_decode(text);
    check_characters(text, name, true);
    const std::string ascii = to_ascii(text, name);
    if (ascii.empty()) refuse(text, "has no character that counts");
    check_characters(text, ascii, true);
    return ends_in_a_number(ascii) ? parse_ipv4(ascii) : ascii;
}

}  // namespace hocket::http
