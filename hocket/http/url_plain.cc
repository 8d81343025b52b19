// SPDX-License-Identifier: MIT
// Most URLs are written as they would be normalised: their parts are found, and nothing is to be changed.
#include <hocket/http/percent_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/url_host_internal.h>
#include <hocket/http/url_parser_internal.h>

#include <algorithm>
#include <array>

namespace hocket::http {

namespace {

enum Kind : std::uint8_t { other, in_path, in_query };

// What stands for itself, a part's end aside. What has a percent sign may hide a dot.
constexpr std::array<Kind, 256> kinds = [] {
    std::array<Kind, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        if (c == '%' || c == '\\' || c == '#' || special_query_set.has(c)) continue;
        table[byte] = path_set.has(c) ? in_query : in_path;
    }
    return table;
}();

std::size_t size_of(std::string_view text, Kind at_least, Kind at_most) noexcept {
    const auto belongs = [=](char c) {
        const Kind kind = kinds[static_cast<unsigned char>(c)];
        return kind >= at_least && kind <= at_most;
    };
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), belongs) - text.begin());
}

}  // namespace

bool UrlParser::parse_plain(std::string_view text, Url& url) {
    constexpr std::string_view http = "http://", https = "https://";
    const bool is_secure = text.starts_with(https);
    if (!is_secure && !text.starts_with(http)) return false;
    url.host_begin_ = url.username_end_ = is_secure ? https.size() : http.size();
    url.scheme_end_ = url.host_begin_ - std::string_view("://").size();
    url.path_begin_ = std::min(text.find('/', url.host_begin_), text.size());
    const std::string_view server = text.substr(url.host_begin_, url.path_begin_ - url.host_begin_);
    const std::string_view host = server.substr(0, server.find(':'));
    if (!is_plain_host(host)) return false;
    url.host_end_ = url.host_begin_ + host.size();
    if (host.size() < server.size()) {
        const std::string_view digits = server.substr(host.size() + 1);
        url.port_ = read_number<std::uint16_t>(digits);
        if (!url.port_ || digits.starts_with('0') || *url.port_ == (is_secure ? 443 : 80)) return false;
    }
    const std::string_view rest = text.substr(url.path_begin_);
    const std::string_view path = rest.substr(0, size_of(rest, in_path, in_path));
    if (path.empty() || path.find("/.") != std::string_view::npos) return false;
    const std::string_view query = rest.substr(path.size());
    if (!query.empty() && (query[0] != '?' || size_of(query, in_path, in_query) != query.size())) return false;
    url.query_begin_ = url.path_begin_ + path.size();
    url.fragment_begin_ = text.size();
    url.href_ = text;
    return true;
}

}  // namespace hocket::http
