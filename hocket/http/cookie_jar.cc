// SPDX-License-Identifier: MIT
// Handles on stores of cookies, and their form as text.
#include <hocket/http/cookie_jar.h>

#include <hocket/base/errors.h>
#include <hocket/core/event_loop.h>
#include <hocket/http/cookie_store_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

namespace {

constexpr std::string_view heading = "# hocket: cookies, version 1";
constexpr std::int64_t second = 1'000'000'000;

std::int64_t wall_time() { return get_running_loop().backend().wall_time(); }

// A line: domain, whether it is the host or the domain, path, end, flags, name and value, between tabs. A tab in the value is no
// separator any more; of what stands before it, only a path could have one, which then is no URL's.
void append_line(std::string& to, const StoredCookie& cookie) {
    if (cookie.path.find('\t') != std::string::npos) return;
    to.append(cookie.domain).append(cookie.host_only ? "\thost\t" : "\tdomain\t").append(cookie.path).append("\t");
    to.append(cookie.expires ? std::to_string(cookie.expires->count() / second) : std::string("-")).append("\t");
    std::string flags;
    if (cookie.secure) flags += "secure,";
    if (cookie.http_only) flags += "http_only,";
    if (cookie.same_site == SameSite::none) flags += "none,";
    if (cookie.same_site == SameSite::lax) flags += "lax,";
    if (cookie.same_site == SameSite::strict) flags += "strict,";
    if (!flags.empty()) flags.pop_back();
    to.append(flags).append("\t").append(cookie.name).append("=").append(cookie.value).append("\n");
}

// One line of a text that `save` gave. Name and value are in no message: they may be secrets.
class SavedLine {
public:
    SavedLine(std::string_view line, std::size_t number) : rest_(line), number_(number) {}

    StoredCookie cookie() {
        if (!is_field_value(rest_)) refuse("a control character");
        StoredCookie cookie;
        cookie.domain = take("domain");
        const std::string_view reach = take("reach");
        if (reach != "host" && reach != "domain") refuse("neither host nor domain: " + in_quotes(reach));
        cookie.host_only = reach == "host";
        cookie.path = take("path");
        if (!cookie.path.starts_with('/')) refuse("no path: " + in_quotes(cookie.path));
        take_end(cookie, take("end"));
        take_flags(cookie, take("flags"));
        const std::size_t equals = rest_.find('=');
        if (equals == std::string_view::npos) refuse("no `=` between name and value");
        cookie.name = rest_.substr(0, equals);
        cookie.value = rest_.substr(equals + 1);
        return cookie;
    }

private:
    [[noreturn]] void refuse(const std::string& why) const {
        throw ValueError("load cookies: line " + std::to_string(number_) + ": " + why);
    }
    std::string_view take(const char* what) {
        const std::size_t tab = rest_.find('\t');
        if (tab == std::string_view::npos) refuse(std::string("it ends before its ") + what);
        const std::string_view part = rest_.substr(0, tab);
        rest_.remove_prefix(tab + 1);
        return part;
    }
    void take_end(StoredCookie& cookie, std::string_view text) const {
        if (text == "-") return;
        const auto seconds = read_number<std::int64_t>(text);
        if (!seconds) refuse("no time: " + in_quotes(text));
        cookie.expires = std::chrono::seconds(*seconds);
    }
    void take_flags(StoredCookie& cookie, std::string_view text) const {
        while (!text.empty()) {
            const std::string_view flag = take_until(text, ',');
            if (flag == "secure") {
                cookie.secure = true;
            } else if (flag == "http_only") {
                cookie.http_only = true;
            } else if (flag == "none") {
                cookie.same_site = SameSite::none;
            } else if (flag == "lax") {
                cookie.same_site = SameSite::lax;
            } else if (flag == "strict") {
                cookie.same_site = SameSite::strict;
            } else {
                refuse("no flag: " + in_quotes(flag));
            }
        }
    }

    std::string_view rest_;
    std::size_t number_;
};

}  // namespace

CookieJar::CookieJar(CookieJarOptions options) : store_(Shared<CookieStore>::make(std::move(options))) {}
CookieJar::CookieJar(const CookieJar&) noexcept = default;
CookieJar& CookieJar::operator=(const CookieJar&) noexcept = default;
CookieJar::~CookieJar() = default;

bool CookieJar::set_cookie(const Cookie& cookie, const Url& url) { return store_->set(cookie, url, wall_time()); }

void CookieJar::update_cookies(const std::vector<Cookie>& cookies, const Url& url) {
    for (const Cookie& cookie : cookies) set_cookie(cookie, url);
}

void CookieJar::update_from_response(const Headers& response, const Url& url) {
    if (store_->accepts()) update_cookies(cookies_of(response), url);
}

Params CookieJar::filter_cookies(const Url& url) {
    if (store_->size() == 0) return {};
    return store_->matching(url, wall_time());
}

void CookieJar::clear() noexcept { store_->clear(); }
void CookieJar::clear_domain(std::string_view domain) { store_->clear_domain(domain); }
std::vector<StoredCookie> CookieJar::cookies() const { return store_->all(); }
std::size_t CookieJar::size() const noexcept { return store_->size(); }

std::string CookieJar::save() const {
    std::string text(heading);
    text += '\n';
    for (const StoredCookie& cookie : store_->all()) append_line(text, cookie);
    return text;
}

void CookieJar::load(std::string_view text) {
    std::vector<StoredCookie> cookies;
    for (std::size_t number = 1; number == 1 || !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (number > 1) {
            cookies.push_back(SavedLine(line, number).cookie());
        } else if (line != heading) {
            throw ValueError("load cookies: line 1: this is no text of a CookieJar");
        }
    }
    store_->clear();
    for (StoredCookie& cookie : cookies) store_->restore(std::move(cookie));
}

}  // namespace hocket::http
