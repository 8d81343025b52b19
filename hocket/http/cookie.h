// SPDX-License-Identifier: MIT
// Cookies as header fields carry them: reading and writing Cookie and Set-Cookie.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/config.h>
#include <hocket/http/params.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

class Headers;

/// Which requests that other sites cause a browser sends a cookie with. `unset` leaves it to the browser, which takes it for `lax`.
enum class SameSite : std::uint8_t { unset, none, lax, strict };

/// A field Set-Cookie: a cookie with what the server says of it (`http.cookies.Morsel`). A value, safe to copy between threads.
struct Cookie {
    std::string name = {}, value = {};
    std::optional<Duration> max_age = {};  ///< goes before `expires`; 0 or less: to be forgotten
    std::optional<Duration> expires = {};  ///< since 1970-01-01 UTC
    std::string domain = {};  ///< in lower case, without a dot before it; empty: the host that sent it, only
    std::string path = {};    ///< empty: the folder of what was asked for
    bool secure = false;      ///< for https only
    bool http_only = false;   ///< not for scripts
    SameSite same_site = SameSite::unset;
};

/// What a server says of a cookie: `response.set_cookie("sid", id, {.max_age = 24h, .http_only = true})`.
struct CookieOptions {
    std::optional<Duration> max_age = {};  ///< whole seconds; nothing: until the browser ends; 0: to be forgotten
    std::optional<Duration> expires = {};  ///< since 1970-01-01 UTC, for clients that do not know Max-Age
    std::string path = "/";                ///< begins with `/`
    std::string domain = {};               ///< and all hosts below it; empty: this host only
    bool secure = false;
    bool http_only = false;
    SameSite same_site = SameSite::unset;
};

/// What a client makes of a field Set-Cookie (RFC 6265bis, 5.6), whatever it looks like: nothing for one with control characters, with
/// neither name nor value, or with more than 4,096 bytes of both; attributes that are unknown or mean nothing are left out. A value in quotation
/// marks keeps them.
HOCKET_EXPORT std::optional<Cookie> parse_set_cookie(std::string_view field);

/// The cookies of all fields Set-Cookie of a response, in order.
HOCKET_EXPORT std::vector<Cookie> cookies_of(const Headers& response);

/// A field Set-Cookie: `sid=31d4; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=Lax` (RFC 6265bis, 4.1).
///
/// Throws ValueError for what clients would not take: a name that is no token; a value with a control character, a space, a quotation mark that is
/// not around the whole of it, a comma, a semicolon, a backslash or a byte above 126 (encode such values, for example in percent-encoding); more than 4,096 bytes of
/// both; a control character or a semicolon in path or domain; a path without a slash before it; `__Secure-` or `SameSite=None` without `secure`; `__Host-` with a domain, with another path than `/` or without `secure`.
HOCKET_EXPORT std::string write_set_cookie(const Cookie& cookie);

/// The cookies of a field Cookie, in order; names may repeat (RFC 6265bis, 5.8.3, read backwards). Never throws: what has no `=` is a value
/// without a name, and values keep their quotation marks.
HOCKET_EXPORT Params parse_cookies(std::string_view field);

/// A field Cookie: `a=1; b=2`. Throws ValueError for a control character, a semicolon or white space around a name or value, and for a `=` in
/// a name.
HOCKET_EXPORT std::string write_cookies(const Params& cookies);

}  // namespace hocket::http
