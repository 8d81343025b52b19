// SPDX-License-Identifier: MIT
// URLs: what is read is written in a form that is read as the same, and holds nothing that could forge a request.
#include "fuzz.h"

#include <hocket/http/url.h>

#include <algorithm>

namespace {

using hocket::fuzz::check;
using hocket::http::Url;

void check_url(const Url& url) {
    const std::string& text = url.str();
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
        const Url base = Url::parse(input.substr(0, end));
        check_url(base);
        check_url(base.join(input.substr(std::min(input.size(), end + 1))));
    } catch (const hocket::http::InvalidUrl&) {
        return 0;
    }
    return 0;
}
