// SPDX-License-Identifier: MIT
// URLs: what is read is written in a form that is read as the same, and holds nothing that could forge a request.
#include "fuzz.h"

#include <hocket/http/url_host_internal.h>
#include <hocket/http/url_parser_internal.h>

#include <algorithm>

namespace {

using hocket::fuzz::check;
using hocket::http::Url;

// What is read in one pass is what the standard's states read.
void check_plain(std::string_view text) {
    Url plain;
    if (!hocket::http::UrlParser::parse_plain(text, plain)) return;
    const Url url = hocket::http::UrlParser(nullptr).parse(text);
    check(plain.str() == url.str() && plain.scheme() == url.scheme() && plain.username() == url.username() &&
              plain.host() == url.host() && plain.port() == url.port() && plain.path() == url.path() &&
              plain.query() == url.query() && plain.fragment() == url.fragment() && plain.origin() == url.origin() &&
              plain.authority() == url.authority() && plain.target() == url.target(),
          "a plain URL is read in two ways", text);
}

void check_url(const Url& url) {
    const std::string& text = url.str();
    check_plain(text);
    // Only a path that means nothing to us, such as that of data:, may have spaces.
    const char least = url.scheme() == "http" || url.scheme() == "https" ? '!' : ' ';
    check(std::all_of(text.begin(), text.end(), [least](char c) { return c >= least && c < 0x7f; }),
          "a byte that no URL has", text);
    check(Url::parse(text) == url, "what is written is not read as the same", text);
    check(Url::parse(text).str() == text, "what is written is not written so again", text);
    if (url.scheme() != "http" && url.scheme() != "https") return;
    check(!url.host().empty() && url.path().starts_with('/') && url.target().starts_with('/'), "a part is missing",
          text);
    check(url.port() != 0 || url.authority().ends_with(":0"), "no port", text);
    check(url.host().find_first_of("@/?#\\ ") == std::string_view::npos, "a host that is none", text);
    check(url.target().find('#') == std::string::npos, "a fragment in what a server is asked for", text);
    check(Url::parse(url.origin()).origin() == url.origin(), "an origin that has another origin", text);
}

}  // namespace

// The input's first line is a URL, the rest a reference that is resolved against it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = hocket::fuzz::text_of(data, size);
    const std::size_t end = std::min(input.find('\n'), input.size());
    try {
        check_plain(input.substr(0, end));
        const Url base = Url::parse(input.substr(0, end));
        check_url(base);
        check_url(base.join(input.substr(std::min(input.size(), end + 1))));
    } catch (const hocket::http::InvalidUrl&) {
        return 0;
    }
    return 0;
}
