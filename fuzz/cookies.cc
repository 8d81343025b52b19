// SPDX-License-Identifier: MIT
// Cookies: what a client makes of Set-Cookie stays within the limits, and is read again as it was where it can be written; so are fields Cookie.
#include "fuzz.h"

#include <hocket/base/errors.h>
#include <hocket/http/cookie.h>
#include <hocket/http/headers.h>
#include <hocket/http/text.h>

#include <string>
#include <string_view>

namespace {

using namespace hocket;

void check_set_cookie(std::string_view field) {
    const auto cookie = http::parse_set_cookie(field);
    if (!cookie) return;
    fuzz::check(cookie->name.size() + cookie->value.size() <= 4'096, "more than the limit");
    fuzz::check(!cookie->name.empty() || !cookie->value.empty(), "a cookie of nothing");
    fuzz::check(http::is_field_value(cookie->name) && http::is_field_value(cookie->value), "a control character");
    std::string written;
    try {
        written = http::write_set_cookie(*cookie);
    } catch (const ValueError&) {  // clients take more than servers may say
        return;
    }
    fuzz::check(http::is_field_value(written), "what was written is no field", written);
    const auto again = http::parse_set_cookie(written);
    fuzz::check(again && again->name == cookie->name && again->value == cookie->value && again->path == cookie->path &&
                    again->secure == cookie->secure && again->http_only == cookie->http_only &&
                    again->same_site == cookie->same_site,
                "what was written is read otherwise", written);
}

void check_cookies(std::string_view field) {
    const http::Params cookies = http::parse_cookies(field);
    std::string written;
    try {
        written = http::write_cookies(cookies);
    } catch (const ValueError&) {
        return;
    }
    fuzz::check(http::is_field_value(written), "what was written is no field", written);
    fuzz::check(http::parse_cookies(written) == cookies, "what was written is read otherwise", written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::text_of(data, size);
    check_set_cookie(input);
    check_cookies(input);
    return 0;
}
