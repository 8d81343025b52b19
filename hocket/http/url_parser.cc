// SPDX-License-Identifier: MIT
// The states of the URL parser, and how a URL is written.
#include <hocket/http/url_parser_internal.h>

#include <hocket/http/percent_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>
#include <hocket/http/url_host_internal.h>

#include <algorithm>
#include <array>
#include <utility>

namespace hocket::http {

namespace {

constexpr std::array<Special, 6> specials{
    {{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}, {"ftp", 21}, {"file", 0}}};

bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_slash(char c) noexcept { return c == '/' || c == '\\'; }

// How many characters of `http://x` are its scheme; 0 if it has none.
std::size_t scheme_size(std::string_view text) noexcept {
    const auto is_part = [](char c) {
        return is_alpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    };
    if (text.empty() || !is_alpha(text[0])) return 0;
    const std::size_t size =
        static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_part) - text.begin());
    return size < text.size() && text[size] == ':' ? size : 0;
}

bool is_drive(std::string_view text) noexcept {
    return text.size() == 2 && is_alpha(text[0]) && (text[1] == ':' || text[1] == '|');
}
// `C:`, and then the end or a new part.
bool starts_with_drive(std::string_view text) noexcept {
    return is_drive(text.substr(0, 2)) &&
           (text.size() == 2 || std::string_view("/\\?#").find(text[2]) != std::string_view::npos);
}

// `.` or `..`, also where the dots are encoded: how many, or 0.
std::size_t dots(std::string_view segment) noexcept {
    std::size_t count = 0;
    while (!segment.empty()) {
        if (segment[0] == '.') {
            segment.remove_prefix(1);
        } else if (segment.size() >= 3 && equal_without_case(segment.substr(0, 3), "%2e")) {
            segment.remove_prefix(3);
        } else {
            return 0;
        }
        ++count;
    }
    return count <= 2 ? count : 0;
}

// Where a path begins, a query or a fragment; the end if there is none.
std::size_t find_mark(std::string_view text, bool is_special) noexcept {
    const auto is_mark = [is_special](char c) { return c == '/' || c == '?' || c == '#' || (is_special && c == '\\'); };
    return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_mark) - text.begin());
}

}  // namespace

const Special* find_special(std::string_view scheme) noexcept {
    const auto* const found =
        std::find_if(specials.begin(), specials.end(), [&](const Special& s) { return s.scheme == scheme; });
    return found == specials.end() ? nullptr : found;
}

Url UrlParser::parse(std::string_view text) {
    const std::size_t scheme = scheme_size(text);
    if (scheme == 0) {
        without_scheme(text);
    } else {
        set_scheme(lowered(text.substr(0, scheme)));
        with_scheme(text.substr(scheme + 1));
    }
    return written();
}

void UrlParser::with_scheme(std::string_view rest) {
    if (is_file()) {
        file(rest);
    } else if (special_ && base_ && base_->scheme() == scheme_ && !rest.starts_with("//")) {
        relative(rest);
    } else if (special_) {
        slashes_before_authority(rest);
    } else if (rest.starts_with("//")) {
        authority(rest.substr(2));
    } else if (rest.starts_with('/')) {
        path(rest.substr(1));
    } else {
        opaque_path(rest);
    }
}

void UrlParser::without_scheme(std::string_view text) {
    if (!base_) throw UrlFault{"no scheme, such as http://"};
    set_scheme(std::string(base_->scheme()));
    if (is_base_opaque()) {
        if (!text.starts_with('#')) throw UrlFault{"there is nothing that a relative URL could be relative to"};
        path_ = base_->path();
        has_opaque_path_ = true;
        copy_query();
        fragment(text.substr(1));
    } else if (is_file()) {
        file(text);
    } else {
        relative(text);
    }
}

void UrlParser::relative(std::string_view text) {
    if (!text.empty() && is_separator(text[0])) {
        relative_slash(text.substr(1));
        return;
    }
    copy_authority();
    path_ = base_->path();
    if (text.empty() || text[0] == '#') copy_query();
    if (text.empty() || text[0] == '?' || text[0] == '#') {
        after_path(text);
        return;
    }
    shorten_path();
    path(text);
}

void UrlParser::relative_slash(std::string_view text) {
    if (special_ && !text.empty() && is_slash(text[0])) {
        slashes_before_authority(text);
    } else if (text.starts_with('/')) {
        authority(text.substr(1));
    } else {
        copy_authority();
        path(text);
    }
}

void UrlParser::slashes_before_authority(std::string_view text) {
    while (!text.empty() && is_slash(text[0])) text.remove_prefix(1);
    authority(text);
}

void UrlParser::authority(std::string_view text) {
    const std::size_t end = find_mark(text, special_ != nullptr);
    std::string_view here = text.substr(0, end);
    const std::size_t at = here.rfind('@');
    if (at != std::string_view::npos) {
        const std::string_view user = here.substr(0, at);
        const std::size_t colon = std::min(user.find(':'), user.size());
        append_encoded(username_, user.substr(0, colon), userinfo_set);
        append_encoded(password_, user.substr(std::min(colon + 1, user.size())), userinfo_set);
        here.remove_prefix(at + 1);
        if (here.empty()) throw UrlFault{"no host after the @"};
    }
    host_and_port(here);
    path_start(text.substr(end));
}

void UrlParser::host_and_port(std::string_view text) {
    std::size_t colon = 0;
    bool in_brackets = false;
    for (; colon < text.size() && (in_brackets || text[colon] != ':'); ++colon) {
        if (text[colon] == '[') in_brackets = true;
        if (text[colon] == ']') in_brackets = false;
    }
    const std::string_view host = text.substr(0, colon);
    if (host.empty() && (special_ || colon < text.size())) throw UrlFault{"no host"};
    host_ = parse_host(host, special_ != nullptr);
    if (colon + 1 >= text.size()) return;
    const std::string_view port = text.substr(colon + 1);
    const auto number = read_number<std::uint16_t>(port);
    if (!number) {
        throw UrlFault{.why = "the port " + in_quotes(port) + " is no number up to 65535", .is_of_port = true};
    }
    if (!special_ || special_->port != *number) port_ = number;
}

void UrlParser::file(std::string_view text) {
    host_ = std::string();
    if (!text.empty() && is_slash(text[0])) {
        file_slash(text.substr(1));
        return;
    }
    if (is_base_file()) {
        host_ = base_->host();
        path_ = base_->path();
        if (text.empty() || text[0] == '#') copy_query();
        if (text.empty() || text[0] == '?' || text[0] == '#') {
            after_path(text);
            return;
        }
        if (starts_with_drive(text)) {
            path_.clear();
        } else {
            shorten_path();
        }
    }
    path(text);
}

void UrlParser::file_slash(std::string_view text) {
    if (!text.empty() && is_slash(text[0])) {
        file_host(text.substr(1));
        return;
    }
    if (is_base_file()) {
        host_ = base_->host();
        // The drive of the base, as in /C:/x, stays.
        const std::string_view base = base_->path();
        if (!starts_with_drive(text) && base.size() >= 3 && starts_with_drive(base.substr(1)) && base[2] == ':') {
            path_ = base.substr(0, 3);
        }
    }
    path(text);
}

void UrlParser::file_host(std::string_view text) {
    const std::size_t end = find_mark(text, true);
    const std::string_view host = text.substr(0, end);
    if (is_drive(host)) {
        path(text);
        return;
    }
    if (!host.empty()) host_ = parse_host(host, true);
    if (host_ == "localhost") host_ = std::string();
    path_start(text.substr(end));
}

void UrlParser::path_start(std::string_view text) {
    if (!text.empty() && is_separator(text[0])) {
        path(text.substr(1));
    } else if (special_) {
        path(text);
    } else {
        after_path(text);
    }
}

// What follows a slash.
void UrlParser::path(std::string_view text) {
    for (;;) {
        const std::size_t end = find_mark(text, special_ != nullptr);
        const std::string_view segment = text.substr(0, end);
        const bool is_last = end == text.size() || !is_separator(text[end]);
        const std::size_t up = dots(segment);
        if (up == 2) shorten_path();
        if (up != 0) {
            if (is_last) path_ += '/';
        } else {
            const bool is_first = path_.empty();
            path_ += '/';
            append_encoded(path_, segment, path_set);
            if (is_file() && is_first && is_drive(segment)) path_[2] = ':';
        }
        if (is_last) {
            after_path(text.substr(end));
            return;
        }
        text.remove_prefix(end + 1);
    }
}

void UrlParser::opaque_path(std::string_view text) {
    const std::size_t end = std::min(text.find_first_of("?#"), text.size());
    has_opaque_path_ = true;
    append_encoded(path_, text.substr(0, end), control_set);
    // A space at the end would be lost when the URL is parsed again without what follows it.
    if (end < text.size() && path_.ends_with(' ')) path_.replace(path_.size() - 1, 1, "%20");
    after_path(text.substr(end));
}

void UrlParser::after_path(std::string_view text) {
    if (text.starts_with('?')) query(text.substr(1));
    if (text.starts_with('#')) fragment(text.substr(1));
}

void UrlParser::query(std::string_view text) {
    const std::size_t end = std::min(text.find('#'), text.size());
    query_ = std::string();
    append_encoded(*query_, text.substr(0, end), special_ ? special_query_set : query_set);
    after_path(text.substr(end));
}

void UrlParser::fragment(std::string_view text) {
    fragment_ = std::string();
    append_encoded(*fragment_, text, fragment_set);
}

void UrlParser::set_scheme(std::string scheme) {
    scheme_ = std::move(scheme);
    special_ = find_special(scheme_);
}

void UrlParser::copy_authority() {
    username_ = base_->username();
    password_ = base_->password();
    if (has_base_authority()) host_ = base_->host();
    port_ = base_->port_;
}

void UrlParser::copy_query() {
    if (base_->query_begin_ != base_->fragment_begin_) query_ = base_->query();
}

void UrlParser::shorten_path() noexcept {
    const std::size_t last = path_.rfind('/');
    // The drive of a file stays.
    if (is_file() && last == 0 && path_.size() == 3 && is_alpha(path_[1]) && path_[2] == ':') return;
    path_.resize(last == std::string::npos ? 0 : last);
}

bool UrlParser::is_base_opaque() const noexcept {
    return !has_base_authority() && !base_->path().starts_with('/') && !find_special(base_->scheme());
}

bool UrlParser::has_base_authority() const noexcept {
    return std::string_view(base_->href_).substr(base_->scheme_end_ + 1).starts_with("//");
}

Url UrlParser::written() const {
    Url url;
    std::string& href = url.href_;
    constexpr std::size_t port_and_marks = 16;
    href.reserve(scheme_.size() + username_.size() + password_.size() + (host_ ? host_->size() : 0) + path_.size() +
                 (query_ ? query_->size() : 0) + (fragment_ ? fragment_->size() : 0) + port_and_marks);
    href.append(scheme_).append(":");
    url.scheme_end_ = scheme_.size();
    url.username_end_ = url.host_begin_ = href.size();
    if (host_) {
        href.append("//").append(username_);
        url.username_end_ = href.size();
        if (!password_.empty()) href.append(":").append(password_);
        if (!username_.empty() || !password_.empty()) href += '@';
        url.host_begin_ = href.size();
        href += *host_;
    }
    url.host_end_ = href.size();
    url.port_ = port_;
    if (port_) href.append(":").append(std::to_string(*port_));
    // Otherwise the path would be taken for a host.
    if (!host_ && !has_opaque_path_ && path_.starts_with("//")) href += "/.";
    url.path_begin_ = href.size();
    href += path_;
    url.query_begin_ = href.size();
    if (query_) href.append("?").append(*query_);
    url.fragment_begin_ = href.size();
    if (fragment_) href.append("#").append(*fragment_);
    return url;
}

}  // namespace hocket::http
