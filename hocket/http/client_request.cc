// SPDX-License-Identifier: MIT
// Headers that go out by themselves, bodies, and redirects.
#include <hocket/http/client_request_internal.h>

#include <hocket/http/base64_internal.h>
#include <hocket/http/encoded_pieces_internal.h>
#include <hocket/http/http1_writer.h>
#include <hocket/http/params.h>
#include <hocket/http/reading_internal.h>

#include <algorithm>
#include <array>

namespace hocket::http {

namespace {

// What is meant for one origin and is nobody else's: it goes neither with a redirect to another, nor from a session with a `base_url` to another.
constexpr std::array<std::string_view, 4> fields_of_one_origin = {"Authorization", "Cookie", "Host",
                                                                  "Proxy-Authorization"};

bool is_of_one_origin(std::string_view field) noexcept {
    return std::any_of(fields_of_one_origin.begin(), fields_of_one_origin.end(),
                       [&](std::string_view name) { return equal_without_case(name, field); });
}

bool contains(const std::vector<std::string>& names, std::string_view name) noexcept {
    return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return equal_without_case(n, name); });
}

// What goes out by itself beside the fields that are given.
Headers automatic_fields(const Headers& given, const std::vector<std::string>& skipped) {
    Headers fields;
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!given.contains(name) && !contains(skipped, name)) fields.add(name, value);
    };
    add("Accept", "*/*");
    // A part of a compressed body is of no use.
    add("Accept-Encoding", given.contains("Range") ? "identity" : all_codings);
    add("User-Agent", "hocket/" HOCKET_VERSION);
    return fields;
}

// Why a URL cannot be fetched; empty if it can.
std::string obstacle(const Url& url) {
    if ((url.scheme() == "http" || url.scheme() == "https") && !url.hostname().empty()) return {};
    return "the scheme " + in_quotes(url.scheme()) + " is not http";
}

BodyStream encoded_stream(BodyStream stream, ContentCoding coding) {
    if (!stream.can_repeat()) return BodyStream(encoded_pieces(stream.begin(), coding));
    return BodyStream([stream = std::move(stream), coding] { return encoded_pieces(stream.begin(), coding); });
}

}  // namespace

Url without_user(const Url& url) {
    if (url.username().empty() && url.password().empty()) return url;
    return Url::parse(std::string(url.scheme()).append("://").append(url.authority()).append(url.target()));
}

RequestDefaults::RequestDefaults(const SessionOptions& options)
    : base(options.base_url.empty() ? Url() : Url::parse(options.base_url)),
      automatic(automatic_fields(options.headers, options.skip_auto_headers)) {}

ClientRequest::ClientRequest(std::string_view method, Url&& url, const SessionOptions& session,
                             const RequestDefaults& defaults, RequestOptions& options, FormBody form)
    : decodes_(options.auto_decompress.value_or(session.auto_decompress) ? &session.decode : nullptr) {
    name_.method = raised(method);
    if (!is_token(name_.method))
        throw ValueError("request " + without_user(url).str() + ": the method " + in_quotes(name_.method) +
                         " is no token");
    if (name_.method == "CONNECT")
        throw ValueError("CONNECT " + without_user(url).str() + ": only a proxy is asked so");
    const std::string why = obstacle(url);
    if (!why.empty()) throw InvalidUrl(name_.method + ' ' + without_user(url).str() + ": " + why);
    const bool is_sessions_own = defaults.base.empty() || defaults.base.origin() == url.origin();
    take_headers(session, options, is_sessions_own, url);
    if (is_sessions_own && !session.params.empty()) url = url.with_query(session.params);
    if (!options.params.empty()) url = url.with_query(options.params);
    aim(std::move(url));
    if (is_sessions_own) session_cookies_ = session.cookies;
    if (is_sessions_own && !headers_.contains("Authorization")) auth_ = session.auth;
    take_auth(options);
    take_cookies(options);
    skipped_ = session.skip_auto_headers;
    skipped_.insert(skipped_.end(), options.skip_auto_headers.begin(), options.skip_auto_headers.end());
    const bool is_usual = options.headers.empty() && options.skip_auto_headers.empty();
    headers_.extend(is_usual ? defaults.automatic : automatic_fields(headers_, skipped_));
    take_body(options, std::move(form));
}

// Host comes first, as RFC 9110, 7.2 wants it.
void ClientRequest::take_headers(const SessionOptions& session, const RequestOptions& options, bool is_sessions_own,
                                 const Url& url) {
    headers_.reserve(session.headers.size() + options.headers.size() + 6);
    Headers::Field host{"Host", ""};
    for (const Headers::Field field : session.headers) {
        if (is_sessions_own && equal_without_case(field.name, "Host")) host = field;
    }
    for (const Headers::Field field : options.headers) {
        if (equal_without_case(field.name, "Host")) host = field;
    }
    headers_.add_checked(host.name, host.value.empty() ? url.authority() : host.value);
    for (const auto& [name, value] : session.headers) {
        if (options.headers.contains(name) || equal_without_case(name, "Host")) continue;
        if (is_sessions_own || !is_of_one_origin(name)) headers_.add_checked(name, value);
    }
    for (const auto& [name, value] : options.headers) {
        if (!equal_without_case(name, "Host")) headers_.add_checked(name, value);
    }
}

// A field Cookie is taken apart, so that there is one in the end (RFC 6265bis, 5.8).
void ClientRequest::take_cookies(const RequestOptions& options) {
    if (options.cookies.empty() && !headers_.contains("Cookie")) return;
    for (const std::string_view field : headers_.get_all("Cookie")) {
        for (auto& cookie : parse_cookies(field)) cookies_.push_back(std::move(cookie));
    }
    headers_.remove("Cookie");
    try {
        static_cast<void>(write_cookies(options.cookies));
    } catch (const ValueError& e) {
        throw ValueError(name_.text() + ": " + e.what());
    }
    for (const auto& [name, value] : options.cookies) {
        std::erase_if(cookies_, [&](const auto& cookie) { return cookie.first == name; });
    }
    cookies_.insert(cookies_.end(), options.cookies.begin(), options.cookies.end());
}

void ClientRequest::set_cookies(const Params& stored) {
    const auto has = [](const Params& cookies, const std::string& name) {
        return std::any_of(cookies.begin(), cookies.end(), [&](const auto& cookie) { return cookie.first == name; });
    };
    if (cookies_.empty() && stored.empty() && session_cookies_.empty()) {
        headers_.remove("Cookie");
        return;
    }
    Params all = cookies_;
    for (const auto& cookie : stored) {
        if (!has(cookies_, cookie.first)) all.push_back(cookie);
    }
    for (const auto& cookie : session_cookies_) {
        if (!has(all, cookie.first)) all.push_back(cookie);
    }
    headers_.set("Cookie", write_cookies(all));
}

// What a request's options say goes before fields, its own and the session's; these before user and password of its URL; and the session's `auth` comes
// last.
void ClientRequest::take_auth(const RequestOptions& options) {
    if (!options.auth) return;
    if (options.headers.contains("Authorization")) {
        throw ValueError(name_.text() + ": of auth and the field Authorization, only one can be sent");
    }
    headers_.remove("Authorization");
    auth_ = *options.auth;
}

void ClientRequest::authorize(std::string_view field) {
    if (field.empty()) {
        headers_.remove("Authorization");
    } else {
        headers_.set("Authorization", field);
    }
}

void ClientRequest::set_default(std::string_view field, std::string_view value) {
    if (!headers_.contains(field)) headers_.add_checked(field, value);
}

// Credentials in a URL become a header field, and are in no message.
void ClientRequest::aim(Url&& url) {
    const bool has_user = !url.username().empty() || !url.password().empty();
    if (has_user) {
        const std::string user = percent_decode(url.username()) + ':' + percent_decode(url.password());
        set_default("Authorization", "Basic " + encode_base64(user));
    }
    if (has_user) url = without_user(url);
    name_.url = std::move(url);
}

void ClientRequest::take_body(RequestOptions& options, FormBody form) {
    const int kinds = !options.data.empty() + options.json.has_value() + !options.form.empty() +
                      !form.content_type.empty() + static_cast<bool>(options.stream);
    if (kinds == 0) return;
    if (kinds > 1) throw ValueError(name_.text() + ": of data, json, form, multipart and stream, only one can be sent");
    std::string_view type = "application/octet-stream";
    std::string text;
    if (options.stream) {
        body_.stream = std::move(options.stream);
        body_.length = announced_length();
    } else if (!form.content_type.empty()) {
        if (headers_.contains("Content-Type"))
            throw ValueError(name_.text() + ": multipart says its Content-Type itself, with its boundary");
        type = form.content_type;
        text = std::move(form.whole);
        if (form.stream) body_ = {.whole = {}, .stream = std::move(form.stream), .length = form.length};
    } else if (options.json) {
        type = "application/json";
        text = std::move(options.json->text);
    } else if (!options.form.empty()) {
        type = "application/x-www-form-urlencoded";
        text = encode_form(options.form);
    } else {
        text = std::move(options.data);
    }
    if (!contains(skipped_, "Content-Type")) set_default("Content-Type", type);
    const auto coding = compression(options);
    if (coding) headers_.add("Content-Encoding", coding_name(*coding));
    if (!body_.stream) {
        body_.whole = Shared<const std::string>::make(coding ? encoded(text, *coding) : std::move(text));
    } else if (coding) {
        body_.length.reset();
        body_.stream = encoded_stream(std::move(body_.stream), *coding);
    }
}

// What the caller says of a stream's length; nothing: it is chunked.
std::optional<std::uint64_t> ClientRequest::announced_length() const {
    const auto text = headers_.get("Content-Length");
    if (!text) return std::nullopt;
    const auto length = read_number<std::uint64_t>(*text);
    if (!length)
        throw ValueError(name_.text() + ": the field Content-Length is " + in_quotes(*text) +
                         ", not a number of bytes");
    return length;
}

std::optional<ContentCoding> ClientRequest::compression(const RequestOptions& options) const {
    if (options.compress.empty()) return std::nullopt;
    const auto coding = coding_of(options.compress);
    if (!coding)
        throw ValueError(name_.text() + ": compress: " + in_quotes(options.compress) + " is not one of " +
                         std::string(all_codings));
    if (headers_.contains("Content-Encoding"))
        throw ValueError(name_.text() + ": compress, and the field Content-Encoding is given as well");
    return coding;
}

void ClientRequest::write_head_to(std::string& text, const ClientRoute& route) const {
    RequestHead head{.method = name_.method, .target = name_.url.target()};
    const bool has_own_fields = route.is_forwarded() || headers_.contains("Proxy-Authorization");
    if (has_own_fields) head.headers = headers_;
    if (route.is_forwarded()) {
        // RFC 9112, 3.2.2. Credentials of the options go before those that are given as a field.
        head.target = std::string(name_.url.scheme()).append("://").append(name_.url.authority()).append(head.target);
        const std::string authorization = route.proxy.authorization();
        if (!authorization.empty()) head.headers.set("Proxy-Authorization", authorization);
    } else {
        head.headers.remove("Proxy-Authorization");  // the server would get it
    }
    // RFC 9110, 8.6: that there is no body is said where one would be expected.
    if (body_.whole) {
        head.content_length = body_.whole->size();
    } else if (body_.stream) {
        head.content_length = body_.length;
        head.chunked = !body_.length;
    } else if (name_.method == "POST" || name_.method == "PUT" || name_.method == "PATCH") {
        head.content_length = 0;
    }
    try {
        write_head(text, head, has_own_fields ? head.headers : headers_);
    } catch (const ValueError& e) {
        throw ValueError(name_.text() + ": " + e.what());
    }
}

bool ClientRequest::is_idempotent() const noexcept {
    for (const std::string_view method : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"}) {
        if (name_.method == method) return true;
    }
    return false;
}

std::optional<Url> ClientRequest::redirected(const ResponseHead& head) const {
    const int status = head.status;
    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) return std::nullopt;
    const auto locations = head.headers.get_all("Location");
    if (locations.empty()) return std::nullopt;
    if (std::any_of(locations.begin(), locations.end(), [&](std::string_view l) { return l != locations[0]; })) {
        throw ClientResponseError(name_.text() + ": redirected to several URLs", status);
    }
    try {
        Url next = name_.url.join(locations[0]);
        const std::string why = obstacle(next);
        if (why.empty()) return next;
        throw ClientResponseError(name_.text() + ": redirected to " + without_user(next).str() + ": " + why, status);
    } catch (const InvalidUrl& e) {
        throw ClientResponseError(name_.text() + ": redirected to no URL: " + e.what(), status);
    }
}

void ClientRequest::go_to(const Url& url, int status) {
    const bool becomes_get =
        status == 303 ? name_.method != "HEAD" : (status == 301 || status == 302) && name_.method == "POST";
    if (becomes_get) {
        name_.method = "GET";
        body_ = {};
        for (const char* field : {"Content-Type", "Content-Length", "Content-Encoding", "Content-Language",
                                  "Content-Location", "Transfer-Encoding"}) {
            headers_.remove(field);
        }
    }
    if (!body_.can_repeat()) {
        throw ClientResponseError(
            name_.text() + ": redirected to " + without_user(url).str() +
                ", and the body, a generator, cannot be sent again: give a function that makes one",
            status);
    }
    if (url.origin() != name_.url.origin()) {
        for (const std::string_view field : fields_of_one_origin) {
            if (field != "Host") headers_.remove(field);
        }
        headers_.set("Host", url.authority());
        auth_ = Auth();
        cookies_.clear();
        session_cookies_.clear();
    }
    aim(Url(url));
}

}  // namespace hocket::http
