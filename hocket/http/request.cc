// SPDX-License-Identifier: MIT
// The parts of a request's target, and the forms in which its body is read.
#include <hocket/http/request.h>

#include <hocket/base/errors.h>
#include <hocket/http/content_type_internal.h>
#include <hocket/http/cookie.h>
#include <hocket/http/errors.h>
#include <hocket/http/forwarded_internal.h>
#include <hocket/http/json_text.h>
#include <hocket/http/route.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

namespace {

// Browsers keep up to 180 for a site; RFC 6265bis, 6.1 asks for 50.
constexpr std::size_t most_cookies = 200;

std::optional<std::string_view> first_of(const Params& params, std::string_view name) noexcept {
    for (const auto& [given, value] : params) {
        if (given == name) return value;
    }
    return std::nullopt;
}

}  // namespace

Request::Request(RequestHead head, std::string body) : head_(std::move(head)), by_hand_(std::move(body)) {
    find_path();
}

Request::Request(RequestHead&& head, BodySource& source) : head_(std::move(head)), source_(&source) { find_path(); }

Request::~Request() = default;

// RFC 9112, 3.2: `/path?query`, or `http://host/path?query`, whose host has been said by the field Host already.
void Request::find_path() noexcept {
    const std::string_view target = head_.target;
    if (!target.starts_with('/')) {
        const std::size_t scheme = target.find("://");
        if (scheme == std::string_view::npos || target.find('?') < scheme) return;
        path_begin_ = std::min(target.find_first_of("/?", scheme + 3), target.size());
    }
    path_size_ = std::min(target.find('?', path_begin_), target.size()) - path_begin_;
}

std::string_view Request::query_string() const noexcept {
    const std::string_view target = head_.target;
    const std::size_t mark = path_begin_ + path_size_;
    return mark < target.size() && target[mark] == '?' ? target.substr(mark + 1) : std::string_view();
}

std::string Request::url() const {
    std::string url(scheme());
    url.append("://").append(host()).append(path());
    if (const std::string_view query = query_string(); !query.empty()) url.append("?").append(query);
    return url;
}

const Params& Request::query() const {
    if (!query_) query_ = parse_form(query_string());
    return *query_;
}

std::optional<std::string_view> Request::query(std::string_view name) const { return first_of(query(), name); }

const Params& Request::cookies() const {
    if (!cookies_) {
        Params found;
        for (const std::string_view field : head_.headers.get_all("Cookie")) {
            for (auto& cookie : parse_cookies(field)) found.push_back(std::move(cookie));
            if (found.size() > most_cookies) {
                throw HttpError(400, "the request has more than " + std::to_string(most_cookies) + " cookies");
            }
        }
        cookies_ = std::move(found);
    }
    return *cookies_;
}

std::optional<std::string_view> Request::cookies(std::string_view name) const { return first_of(cookies(), name); }

std::string Request::path_param(std::string_view name) const {
    if (route_) {
        const auto& names = route_->parameter_names;
        const auto found = std::find(names.begin(), names.end(), name);
        if (found != names.end()) return percent_decode(path_values_[static_cast<std::size_t>(found - names.begin())]);
    }
    throw ValueError("path_param: the route " + (route_ ? route_->path : std::string("(none)")) +
                     " has no parameter {" + std::string(name) + "}");
}

const Forwarding& Request::forwarding() const {
    if (!forwarding_) {
        // A request by hand says itself how it came; what is sent over a connection can say anything.
        const bool is_secure =
            source_ ? source_->is_secure() : equal_without_case(head_.target.substr(0, 8), "https://");
        const Forwarding direct{peername().is_ip() ? peername().host() : std::string(), is_secure ? "https" : "http",
                                std::string(head_.headers.get("Host").value_or(""))};
        forwarding_ =
            Unique<Forwarding>::make(source_ ? source_->proxies().resolve(head_.headers, peername(), direct) : direct);
    }
    return *forwarding_;
}

std::string_view Request::scheme() const { return forwarding().scheme; }
std::string_view Request::remote() const { return forwarding().remote; }
std::string_view Request::host() const { return forwarding().host; }

const Application& Request::app() const {
    if (!app_) throw RuntimeError("request.app(): no application has seen this request yet");
    return *app_;
}

std::string Request::content_type() const { return content_type_of(head_.headers); }
std::string Request::charset() const { return charset_of(head_.headers); }

Address Request::peername() const { return source_ ? source_->peername() : Address(); }

// When the body is asked for: most requests have none.
void Request::look_at_encoding() {
    if (is_encoding_known_) return;
    const DecodeLimits by_hand;
    const DecodeLimits* const limits = source_ ? source_->decode_limits() : &by_hand;
    std::optional<std::vector<ContentCoding>> codings;
    if (limits) codings = content_codings(head_.headers);
    if (limits && !codings) {
        throw ProtocolError("the body's Content-Encoding is " + in_quotes(head_.headers.combined("Content-Encoding")) +
                                ", which is none of " + std::string(all_codings),
                            415);
    }
    if (limits && !codings->empty()) decoder_.emplace(*codings, *limits);
    is_encoding_known_ = true;  // else the next read says again what is wrong
}

Coro<std::optional<std::string>> Request::next_decoded() {
    for (;;) {
        std::string piece;
        if (decoder_->read(piece) > 0) co_return piece;
        if (is_all_fed_) {
            decoder_->finish();
            co_return std::nullopt;
        }
        if (source_) {
            const auto bytes = co_await source_->next_piece();
            is_all_fed_ = !bytes;
            if (bytes) decoder_->feed(*bytes);
        } else {
            is_all_fed_ = true;
            decoder_->feed(std::exchange(by_hand_, {}));
        }
    }
}

Coro<std::optional<std::string>> Request::next() {
    look_at_encoding();
    if (!gathered_.empty()) co_return std::exchange(gathered_, {});
    if (decoder_) co_return co_await next_decoded();
    if (source_) co_return co_await source_->next_piece();
    if (by_hand_.empty()) co_return std::nullopt;
    co_return std::exchange(by_hand_, {});
}

Coro<std::string> Request::body() {
    if (is_taken_) throw RuntimeError("the body of this request has been read already: keep what body() gives");
    look_at_encoding();
    if (decoder_) {
        while (auto piece = co_await next_decoded()) gathered_ += *piece;
    } else if (source_) {
        co_await source_->read_all(gathered_);
    } else {
        gathered_ += std::exchange(by_hand_, {});
    }
    is_taken_ = true;
    co_return std::exchange(gathered_, {});
}

Coro<std::string> Request::text() {
    const std::string encoding = charset_of(head_.headers);
    if (!encoding.empty() && encoding != "utf-8" && encoding != "us-ascii") {
        throw HttpError(415, "the body is in " + escaped(encoding) + ", not in UTF-8");
    }
    co_return co_await body();
}

void Request::check_json(std::string_view text) {
    constexpr std::size_t most = 200;
    if (json_depth(text) > most) refuse_json("the request's body is JSON of more than 200 levels");
}

void Request::refuse_json(const char* why) { throw HttpError(400, why); }

}  // namespace hocket::http
