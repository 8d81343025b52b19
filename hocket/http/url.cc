// SPDX-License-Identifier: MIT
// The parts of a URL, and what is made of them.
#include <hocket/http/url.h>

#include <hocket/http/text.h>
#include <hocket/http/url_host_internal.h>
#include <hocket/http/url_parser_internal.h>

#include <algorithm>

namespace hocket::http {

namespace {

// Without control characters and spaces around it, and without tabs and line ends in it; in `room` where it has some.
std::string_view cleaned(std::string_view text, std::string& room) {
    const auto is_edge = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    while (!text.empty() && is_edge(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_edge(text.back())) text.remove_suffix(1);
    const auto is_dropped = [](char c) { return c == '\t' || c == '\n' || c == '\r'; };
    if (std::none_of(text.begin(), text.end(), is_dropped)) return text;
    room = text;
    std::erase_if(room, is_dropped);
    return room;
}

// For messages: what stands before the last @ may be a password, also where it was not written as a URL's should be.
std::string shown(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) return escaped(text, 200);
    const std::size_t slashes = text.find("//");
    const std::string_view scheme = slashes < at ? text.substr(0, slashes + 2) : std::string_view();
    return escaped(std::string(scheme).append("...").append(text.substr(at)), 200);
}

// Neither may the fault quote a password that was taken for a port.
std::string reason(const UrlFault& fault, std::string_view text) {
    return fault.is_of_port && text.find('@') != std::string_view::npos ? "the port is no number up to 65535"
                                                                        : fault.why;
}

}  // namespace

Url Url::parse(std::string_view text) {
    Url url;
    if (UrlParser::parse_plain(text, url)) return url;
    std::string room;
    try {
        return UrlParser(nullptr).parse(cleaned(text, room));
    } catch (const UrlFault& fault) {
        throw InvalidUrl("parse URL " + shown(text) + ": " + reason(fault, text));
    }
}

Url Url::join(std::string_view reference) const {
    std::string room;
    try {
        return UrlParser(empty() ? nullptr : this).parse(cleaned(reference, room));
    } catch (const UrlFault& fault) {
        throw InvalidUrl("parse URL " + shown(reference) + " at " + shown(href_) + ": " + reason(fault, reference));
    }
}

std::string_view Url::scheme() const noexcept { return std::string_view(href_).substr(0, scheme_end_); }

std::string_view Url::username() const noexcept {
    const std::size_t begin = scheme_end_ + std::string_view("://").size();
    return username_end_ <= begin ? std::string_view() : std::string_view(href_).substr(begin, username_end_ - begin);
}

std::string_view Url::password() const noexcept {
    if (username_end_ == host_begin_ || href_[username_end_] != ':') return {};
    return std::string_view(href_).substr(username_end_ + 1, host_begin_ - username_end_ - 2);
}

std::string_view Url::host() const noexcept {
    return std::string_view(href_).substr(host_begin_, host_end_ - host_begin_);
}

std::string Url::hostname() const {
    std::string_view name = host();
    if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
    return std::string(name);
}

std::uint16_t Url::port() const noexcept {
    if (port_) return *port_;
    const Special* const special = find_special(scheme());
    return special ? special->port : 0;
}

std::string_view Url::path() const noexcept {
    return std::string_view(href_).substr(path_begin_, query_begin_ - path_begin_);
}

std::string_view Url::query() const noexcept {
    if (query_begin_ == fragment_begin_) return {};
    return std::string_view(href_).substr(query_begin_ + 1, fragment_begin_ - query_begin_ - 1);
}

std::string_view Url::fragment() const noexcept {
    return std::string_view(href_).substr(std::min(fragment_begin_ + 1, href_.size()));
}

std::string_view Url::authority() const noexcept {
    if (host_begin_ == host_end_) return {};
    return std::string_view(href_).substr(host_begin_, path_begin_ - host_begin_);
}

std::string Url::origin() const {
    const Special* const special = find_special(scheme());
    if (!special || special->port == 0) return "null";
    if (username_end_ == host_begin_) return href_.substr(0, path_begin_);  // nobody's name is in it
    return std::string(scheme()).append("://").append(authority());
}

std::string Url::target() const {
    const std::string_view text = std::string_view(href_).substr(path_begin_, fragment_begin_ - path_begin_);
    return text.starts_with('/') ? std::string(text) : '/' + std::string(text);
}

Url Url::with_query(const Params& more) const {
    const std::string form = encode_form(more);
    if (form.empty() || empty()) return *this;
    const bool has_query = query_begin_ != fragment_begin_;
    const std::string added = (!has_query ? "?" : query().empty() ? "" : "&") + form;
    Url url = *this;
    url.href_.insert(fragment_begin_, added);
    url.fragment_begin_ += added.size();
    return url;
}

}  // namespace hocket::http
