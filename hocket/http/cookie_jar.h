// SPDX-License-Identifier: MIT
// Where a client keeps cookies: which are taken from whom, and which go to whom.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/http/cookie.h>
#include <hocket/http/headers.h>
#include <hocket/http/url.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

class CookieStore;

/// `CookieJar({.max_cookies = 500})`
struct CookieJarOptions {
    bool accept = true;                                    ///< false: takes no cookie (`aiohttp.DummyCookieJar`)
    std::size_t max_cookies = 3'000;                       ///< in all; 0: any number
    std::size_t max_per_domain = 50;                       ///< of one domain; 0: any number
    std::vector<std::string> treat_as_secure_origin = {};  ///< `http://test:8080`: as if they were https
};

/// A cookie in a jar.
struct StoredCookie {
    std::string name = {}, value = {};
    std::string domain = {};  ///< in lower case; an IPv6 address in brackets
    std::string path = {};
    std::optional<Duration> expires = {};  ///< since 1970-01-01 UTC; nothing: with the jar
    bool host_only = true;                 ///< for `domain` only, and not for hosts below it
    bool secure = false;                   ///< for https only
    bool http_only = false;                ///< not for scripts
    SameSite same_site = SameSite::unset;  ///< kept; a client without pages has no use for it
};

/// Cookies, taken and given by the rules of RFC 6265bis (`aiohttp.CookieJar`, `httpx.Cookies`). A handle: its copies are one jar, which
/// sessions may share.
///
/// Refused are: cookies for other domains than the host's own and those above it, for public suffixes (`co.uk`), secure ones from http, ones
/// from http that would hide a secure one, and those whose name promises what they do not keep (`__Host-`, `__Secure-`). Nothing is kept longer than 400 days.
/// Beyond the limits go expired cookies, then those of a domain with too many that are not secure, then others of that domain, then any:
/// each time the one that was sent least recently.
///
/// Hosts that are addresses have cookies of their own, whatever Domain says. `localhost` counts as secure without https.
///
/// What takes or gives cookies asks the running loop for the time, and throws RuntimeError where none runs. Expired cookies go when that happens
/// next. Not thread-safe.
class HOCKET_EXPORT CookieJar {
public:
    explicit CookieJar(CookieJarOptions options = {});
    CookieJar(const CookieJar&) noexcept;
    CookieJar& operator=(const CookieJar&) noexcept;
    ~CookieJar();

    /// Takes a cookie as if a response from `url` had set it; whether it is in the jar now.
    bool set_cookie(const Cookie& cookie, const Url& url);
    /// Each of them: `jar.update_cookies({{"theme", "dark"}}, url)`.
    void update_cookies(const std::vector<Cookie>& cookies, const Url& url);
    /// Takes what the fields Set-Cookie of a response from `url` say.
    void update_from_response(const Headers& response, const Url& url);

    /// Name and value of each cookie that a request for `url` has to carry, in the order in which it should: those with the longest path first,
    /// then the oldest. Counts as their use.
    Params filter_cookies(const Url& url);

    void clear() noexcept;
    /// Forgets the cookies of this domain and of all below it.
    void clear_domain(std::string_view domain);

    /// All cookies, the oldest first.
    std::vector<StoredCookie> cookies() const;
    std::size_t size() const noexcept;
    bool empty() const noexcept { return size() == 0; }

    /// All cookies as text, a line each, those without a time of expiry too: for `load`. It holds secrets: give its file to nobody else.
    std::string save() const;
    /// Replaces all cookies by those of a text that `save` gave. Cookies that today's rules refuse are left out. Throws ValueError for what is no
    /// such text, with the number of the line, and changes nothing then.
    void load(std::string_view text);

private:
    Shared<CookieStore> store_;
};

}  // namespace hocket::http
