// SPDX-License-Identifier: MIT
// The kinds of answers.
#include <hocket/http/response.h>

#include <hocket/base/errors.h>
#include <hocket/http/file_part_internal.h>

#include <algorithm>
#include <utility>

namespace hocket::http {

namespace {

constexpr std::string_view text_type = "text/plain; charset=utf-8";
constexpr std::string_view html_type = "text/html; charset=utf-8";
constexpr std::string_view bytes_type = "application/octet-stream";
constexpr std::string_view json_type = "application/json";

int checked(int status) {
    if (status < 200 || status > 999) {
        throw ValueError("Response: the status " + std::to_string(status) + " is not one from 200 to 999");
    }
    return status;
}

// Whether a browser goes to another host for what looks like a path: it drops tabs, and takes backslashes for slashes.
bool leaves_host(std::string_view location) noexcept {
    int slashes = 0;
    for (const char c : location) {
        if (c == '\t') continue;
        if (c != '/' && c != '\\') break;
        ++slashes;
    }
    return slashes > 1;
}

}  // namespace

Response::Response(int status) : status_(checked(status)) {}

Response::Response(std::string body, std::string_view type, ResponseOptions options)
    : type_(type), body_(std::move(body)) {
    take(std::move(options));
}

Response::Response(Pieces body, std::string_view type, ResponseOptions options) : type_(type) {
    take(std::move(options));
    pieces_.emplace(std::move(body));
}

Response::Response(Shared<FilePart> file, std::string_view type, ResponseOptions options)
    : Response(pieces_of(file), type, std::move(options)) {
    file_ = std::move(file);
}

Response::~Response() = default;

void Response::take(ResponseOptions&& options) {
    if (!is_field_value(type_)) throw ValueError("Response: a control character in the type " + in_quotes(type_));
    status_ = checked(options.status);
    reason_ = std::move(options.reason);
    headers_ = std::move(options.headers);
    if (!options.content_type.empty()) headers_.set("Content-Type", options.content_type);
}

void Response::set_status(int status) { status_ = checked(status); }

void Response::set_cookie(std::string name, std::string value, CookieOptions options) {
    const Cookie cookie{.name = std::move(name),
                        .value = std::move(value),
                        .max_age = options.max_age,
                        .expires = options.expires,
                        .domain = std::move(options.domain),
                        .path = std::move(options.path),
                        .secure = options.secure,
                        .http_only = options.http_only,
                        .same_site = options.same_site};
    const std::string field = write_set_cookie(cookie);
    const Cookie read = parse_set_cookie(field).value();
    // RFC 6265bis, 4.1.1: a cookie is not set twice in one answer.
    const auto replaces = [&](std::string_view other) {
        const auto old = parse_set_cookie(other);
        return old && old->name == read.name && old->path == read.path && old->domain == read.domain;
    };
    const auto old = headers_.get_all("Set-Cookie");
    if (std::any_of(old.begin(), old.end(), replaces)) {
        Headers others;
        for (const auto& [other, text] : headers_) {
            if (!equal_without_case(other, "Set-Cookie") || !replaces(text)) others.add(other, text);
        }
        headers_ = std::move(others);
    }
    headers_.add("Set-Cookie", field);
}

void Response::del_cookie(std::string name, CookieOptions options) {
    options.max_age = Duration();
    options.expires = Duration();
    set_cookie(std::move(name), {}, std::move(options));
}

std::string_view Response::content_type() const noexcept {
    return headers_.empty() ? type_ : headers_.get("Content-Type").value_or(type_);
}

Response text_response(std::string text, ResponseOptions options) {
    return {std::move(text), text_type, std::move(options)};
}

Response html_response(std::string html, ResponseOptions options) {
    return {std::move(html), html_type, std::move(options)};
}

Response bytes_response(std::string bytes, ResponseOptions options) {
    return {std::move(bytes), bytes_type, std::move(options)};
}

Response json_response(JsonText json, ResponseOptions options) {
    return {std::move(json.text), json_type, std::move(options)};
}

Response stream_response(Response::Pieces body, ResponseOptions options) {
    return {std::move(body), bytes_type, std::move(options)};
}

Response redirect_response(std::string_view location, ResponseOptions options) {
    location = trim(location);
    if (leaves_host(location)) {
        throw ValueError("redirect_response: the location " + in_quotes(location) + " leads to another host");
    }
    options.headers.set("Location", location);
    Response response(options.status);
    response.headers() = std::move(options.headers);
    return response;
}

Response error_response(int status, std::string_view detail) {
    std::string body = "{\"detail\":";
    append_json_string(body, detail);
    body += '}';
    return {std::move(body), json_type, {.status = status}};
}

}  // namespace hocket::http
