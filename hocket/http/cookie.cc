// SPDX-License-Identifier: MIT
// The algorithms of RFC 6265bis for Set-Cookie, and its grammar for what is written.
#include <hocket/http/cookie.h>

#include <hocket/base/errors.h>
#include <hocket/http/cookie_date_internal.h>
#include <hocket/http/cookie_rules_internal.h>
#include <hocket/http/headers.h>
#include <hocket/http/http_date.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

namespace {

constexpr std::int64_t second = 1'000'000'000;  // in nanoseconds

struct Pair {
    std::string_view name, value;
    bool has_value;
};

// `name=value`, without white space around either.
Pair split_pair(std::string_view text) noexcept {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return {trim(text), {}, false};
    return {trim(text.substr(0, equals)), trim(text.substr(equals + 1)), true};
}

// A cookie's pair: without a `=`, all of it is the value.
Pair split_cookie(std::string_view text) noexcept {
    const Pair pair = split_pair(text);
    return pair.has_value ? pair : Pair{{}, pair.name, true};
}

// 5.6.2: digits, maybe after a minus. What no Duration can hold is the longest.
std::optional<Duration> parse_max_age(std::string_view text) noexcept {
    const bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
    constexpr std::int64_t most = INT64_MAX / second;
    std::int64_t seconds = 0;
    for (const char c : text) seconds = std::min(seconds * 10 + (c - '0'), most);
    return std::chrono::seconds(is_negative ? -seconds : seconds);
}

SameSite parse_same_site(std::string_view text) noexcept {
    if (equal_without_case(text, "None")) return SameSite::none;
    if (equal_without_case(text, "Lax")) return SameSite::lax;
    return equal_without_case(text, "Strict") ? SameSite::strict : SameSite::unset;
}

// The last attribute of a name counts; one that means nothing, of Max-Age or Expires, does not.
void take_attribute(Cookie& cookie, const Pair& attribute) {
    const auto& [name, value, has_value] = attribute;
    if (value.size() > most_bytes_of_an_attribute) return;
    if (equal_without_case(name, "Expires")) {
        if (const auto date = parse_cookie_date(value)) cookie.expires = std::chrono::seconds(*date);
    } else if (equal_without_case(name, "Max-Age")) {
        if (const auto age = parse_max_age(value)) cookie.max_age = age;
    } else if (equal_without_case(name, "Domain")) {
        cookie.domain = lowered(value.substr(value.starts_with('.') ? 1 : 0));
    } else if (equal_without_case(name, "Path")) {
        cookie.path = value.starts_with('/') ? value : std::string_view();
    } else if (equal_without_case(name, "Secure")) {
        cookie.secure = true;
    } else if (equal_without_case(name, "HttpOnly")) {
        cookie.http_only = true;
    } else if (equal_without_case(name, "SameSite")) {
        cookie.same_site = parse_same_site(value);
    }
}

// ---- What is refused on the way out

bool is_cookie_octet(char c) noexcept { return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\'; }

// Of a path or a domain.
bool is_attribute_value(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f && c != ';'; });
}

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
    throw ValueError("write cookie " + in_quotes(name) + ": " + why);
}

void check_value(const Cookie& cookie) {
    std::string_view bytes = cookie.value;
    if (bytes.size() >= 2 && bytes.starts_with('"') && bytes.ends_with('"')) bytes = bytes.substr(1, bytes.size() - 2);
    const auto bad = std::find_if_not(bytes.begin(), bytes.end(), is_cookie_octet);
    if (bad != bytes.end()) refuse(cookie.name, "the value has " + in_quotes({&*bad, 1}) + " in it");
}

void check_attributes(const Cookie& cookie) {
    if (!is_attribute_value(cookie.path) || (!cookie.path.empty() && cookie.path[0] != '/')) {
        refuse(cookie.name, "the path " + in_quotes(cookie.path) + " is none");
    }
    if (!is_attribute_value(cookie.domain) || cookie.domain.find(' ') != std::string::npos) {
        refuse(cookie.name, "the domain " + in_quotes(cookie.domain) + " is none");
    }
    for (const std::string& text : {cookie.path, cookie.domain}) {
        if (text.size() > most_bytes_of_an_attribute) {
            refuse(cookie.name, "an attribute of more than 1024 bytes: " + in_quotes(text));
        }
    }
    const std::string_view broken = broken_promise(cookie);
    if (!broken.empty()) refuse(cookie.name, "it " + std::string(broken));
}

bool is_written_as_it_is(std::string_view text) noexcept {
    return is_field_value(text) && text.find(';') == std::string_view::npos && trim(text).size() == text.size();
}

bool has_prefix(std::string_view text, std::string_view prefix) noexcept {
    return equal_without_case(text.substr(0, prefix.size()), prefix);
}

}  // namespace

bool can_be_sent(std::string_view name, std::string_view value) noexcept {
    if (name.empty() && value.empty()) return false;
    return is_written_as_it_is(name) && is_written_as_it_is(value) && name.find('=') == std::string_view::npos;
}

std::string_view broken_promise(const Cookie& cookie) noexcept {
    if (cookie.same_site == SameSite::none && !cookie.secure) return "is SameSite=None and not secure";
    // Without a name, it would be sent as if its value were name and value.
    if (cookie.name.empty() && (has_prefix(cookie.value, "__Secure-") || has_prefix(cookie.value, "__Host-"))) {
        return "has no name, and a prefix of names";
    }
    if (has_prefix(cookie.name, "__Secure-") && !cookie.secure) return "is __Secure- and not secure";
    if (!has_prefix(cookie.name, "__Host-")) return {};
    if (!cookie.secure) return "is __Host- and not secure";
    if (!cookie.domain.empty()) return "is __Host- and has a domain";
    return cookie.path == "/" ? std::string_view() : "is __Host- and has not the path /";
}

std::optional<Cookie> parse_set_cookie(std::string_view field) {
    if (!is_field_value(field)) return std::nullopt;
    const Pair pair = split_cookie(take_until(field, ';'));
    if (pair.name.empty() && pair.value.empty()) return std::nullopt;
    if (pair.name.size() + pair.value.size() > most_bytes_of_a_cookie) return std::nullopt;
    Cookie cookie{.name = std::string(pair.name), .value = std::string(pair.value)};
    while (!field.empty()) take_attribute(cookie, split_pair(take_until(field, ';')));
    return cookie;
}

std::vector<Cookie> cookies_of(const Headers& response) {
    std::vector<Cookie> cookies;
    for (const auto& [name, value] : response) {
        if (!equal_without_case(name, "Set-Cookie")) continue;
        if (auto cookie = parse_set_cookie(value)) cookies.push_back(std::move(*cookie));
    }
    return cookies;
}

std::string write_set_cookie(const Cookie& cookie) {
    if (!is_token(cookie.name)) refuse(cookie.name, "the name is no token");
    check_value(cookie);
    if (cookie.name.size() + cookie.value.size() > most_bytes_of_a_cookie) {
        refuse(cookie.name, "more than 4096 bytes of name and value");
    }
    check_attributes(cookie);
    std::string text = cookie.name + '=' + cookie.value;
    if (cookie.max_age) {
        text += "; Max-Age=" + std::to_string(std::max<std::int64_t>(cookie.max_age->count() / second, 0));
    }
    if (cookie.expires) {
        text += "; Expires=";
        append_http_date(text, std::max<std::int64_t>(cookie.expires->count() / second, 0));
    }
    if (!cookie.domain.empty()) text += "; Domain=" + cookie.domain;
    if (!cookie.path.empty()) text += "; Path=" + cookie.path;
    if (cookie.secure) text += "; Secure";
    if (cookie.http_only) text += "; HttpOnly";
    if (cookie.same_site == SameSite::none) text += "; SameSite=None";
    if (cookie.same_site == SameSite::lax) text += "; SameSite=Lax";
    if (cookie.same_site == SameSite::strict) text += "; SameSite=Strict";
    return text;
}

Params parse_cookies(std::string_view field) {
    Params cookies;
    while (!field.empty()) {
        const Pair pair = split_cookie(take_until(field, ';'));
        if (!pair.name.empty() || !pair.value.empty()) cookies.emplace_back(pair.name, pair.value);
    }
    return cookies;
}

std::string write_cookies(const Params& cookies) {
    std::string text;
    for (const auto& [name, value] : cookies) {
        if (!can_be_sent(name, value)) {
            refuse(name, "name or value has a character that cannot be sent there");
        }
        if (!text.empty()) text += "; ";
        if (!name.empty()) text.append(name).append("=");
        text += value;
    }
    return text;
}

}  // namespace hocket::http
