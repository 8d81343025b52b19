// SPDX-License-Identifier: MIT
// Headers that go out by themselves, bodies, and redirects.
#include <hocket/http/client_request_internal.h>

#include <hocket/http/base64_internal.h>
#include <hocket/http/http1_writer.h>
#include <hocket/http/params.h>

#include <algorithm>

namespace hocket::http {

namespace {

// Why a URL cannot be fetched; empty if it can.
std::string obstacle(const Url& url) {
    if ((url.scheme() == "http" || url.scheme() == "https") && !url.hostname().empty()) return {};
    return "the scheme " + in_quotes(url.scheme()) + " is not http";
}

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return result;
}

}  // namespace

Url without_user(const Url& url) {
    if (url.username().empty() && url.password().empty()) return url;
    return Url::parse(std::string(url.scheme()).append("://").append(url.authority()).append(url.target()));
}

ClientRequest::ClientRequest(std::string_view method, const Url& url, const SessionOptions& session,
                             RequestOptions& options) {
    name_.method = upper(method);
    if (!is_token(name_.method))
        throw ValueError("request " + without_user(url).str() + ": the method " + in_quotes(name_.method) +
                         " is no token");
    if (name_.method == "CONNECT")
        throw ValueError("CONNECT " + without_user(url).str() + ": only a proxy is asked so");
    headers_.reserve(session.headers.size() + options.headers.size() + 6);
    const std::string why = obstacle(url);
    if (!why.empty()) throw InvalidUrl(name_.method + ' ' + without_user(url).str() + ": " + why);
    headers_.add("Host", "");  // the first, as RFC 9110, 7.2 wants it; `aim` fills it in
    for (const auto& [name, value] : session.headers) {
        if (options.headers.contains(name)) continue;
        equal_without_case(name, "Host") ? headers_.set(name, value) : headers_.add(name, value);
    }
    for (const auto& [name, value] : options.headers) {
        equal_without_case(name, "Host") ? headers_.set(name, value) : headers_.add(name, value);
    }
    aim(options.params.empty() ? url : url.with_query(options.params));
    set_default("Accept", "*/*");
    set_default("User-Agent", "hocket/" HOCKET_VERSION);
    take_body(options);
}

void ClientRequest::set_default(std::string_view field, std::string_view value) {
    if (!headers_.contains(field)) headers_.add(field, value);
}

// Credentials in a URL become a header field, and are in no message.
void ClientRequest::aim(const Url& url) {
    name_.url = without_user(url);
    if (headers_.get("Host").value_or("").empty()) headers_.set("Host", name_.url.authority());
    if (url.username().empty() && url.password().empty()) return;
    const std::string user = percent_decode(url.username()) + ':' + percent_decode(url.password());
    set_default("Authorization", "Basic " + encode_base64(user));
}

void ClientRequest::take_body(RequestOptions& options) {
    const int kinds = !options.data.empty() + options.json.has_value() + !options.form.empty();
    if (kinds == 0) return;
    if (kinds > 1) throw ValueError(name_.text() + ": of data, json and form, only one can be sent");
    std::string_view type = "application/octet-stream";
    std::string text;
    if (options.json) {
        type = "application/json";
        text = std::move(options.json->text);
    } else if (!options.form.empty()) {
        type = "application/x-www-form-urlencoded";
        text = encode_form(options.form);
    } else {
        text = std::move(options.data);
    }
    set_default("Content-Type", type);
    body_ = Shared<const std::string>::make(std::move(text));
}

std::string ClientRequest::head(const ClientRoute& route) const {
    RequestHead head{.method = name_.method, .target = name_.url.target(), .headers = headers_};
    if (route.is_forwarded()) {
        // RFC 9112, 3.2.2. Credentials of the options go before those that are given as a field.
        head.target = std::string(name_.url.scheme()).append("://").append(name_.url.authority()).append(head.target);
        const std::string authorization = route.proxy.authorization();
        if (!authorization.empty()) head.headers.set("Proxy-Authorization", authorization);
    } else if (route.proxy) {
        head.headers.remove("Proxy-Authorization");  // it would pass the proxy unseen, to the server
    }
    // RFC 9110, 8.6: that there is no body is said where one would be expected.
    if (body_) {
        head.content_length = body_->size();
    } else if (name_.method == "POST" || name_.method == "PUT" || name_.method == "PATCH") {
        head.content_length = 0;
    }
    std::string text;
    text.reserve(512);
    try {
        write_head(text, head);
    } catch (const ValueError& e) {
        throw ValueError(name_.text() + ": " + e.what());
    }
    return text;
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
    const auto location = head.headers.get("Location");
    if (!location) return std::nullopt;
    try {
        Url next = name_.url.join(*location);
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
        body_ = nullptr;
        for (const char* field : {"Content-Type", "Content-Length", "Content-Encoding", "Content-Language",
                                  "Content-Location", "Transfer-Encoding"}) {
            headers_.remove(field);
        }
    }
    if (url.origin() != name_.url.origin()) {
        for (const char* field : {"Authorization", "Cookie", "Proxy-Authorization"}) headers_.remove(field);
        headers_.set("Host", "");
    }
    aim(url);
}

}  // namespace hocket::http
