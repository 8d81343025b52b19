// SPDX-License-Identifier: MIT
// A request as it goes out, and what a redirect makes of it.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/http/client_response_internal.h>
#include <hocket/http/client_route_internal.h>
#include <hocket/http/form_body_internal.h>
#include <hocket/http/headers.h>
#include <hocket/http/request_options.h>
#include <hocket/http/url.h>

#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// The same without user and password, for messages and for what goes out.
Url without_user(const Url& url);

/// What a session makes of its options once, for all requests.
struct RequestDefaults {
    explicit RequestDefaults(const SessionOptions& options);

    const Url base;           // the `base_url`; empty: every URL is absolute
    const Headers automatic;  // what goes out by itself with a request that says nothing of its header
};

class ClientRequest {
public:
    /// Takes the headers and what is to be sent out of `options`; `form`: what `options.multipart` has become. Throws ValueError for more than one
    /// kind of body, and for cookies that cannot be sent; InvalidUrl for what cannot be fetched.
    ClientRequest(std::string_view method, Url&& url, const SessionOptions& session, const RequestDefaults& defaults,
                  RequestOptions& options, FormBody form);

    const RequestName& name() const noexcept { return name_; }
    const OutgoingBody& body() const noexcept { return body_; }
    /// Appends request line and header fields, as the server gets them, or the proxy that passes them on. Throws ValueError for what must not go out.
    void write_head_to(std::string& text, const ClientRoute& route) const;
    /// The cookies that go with it: those that it was given, then the jar's, then the session's; the first of a name counts, but of the
    /// jar's all.
    void set_cookies(const Params& stored);
    /// How it proves who asks; nothing that is left to a header.
    const Auth& auth() const noexcept { return auth_; }
    void set_auth(Auth auth) { auth_ = std::move(auth); }
    /// Sets the field Authorization, or removes it.
    void authorize(std::string_view field);

    /// Within which limits the response's body is decoded; null: it is not.
    const DecodeLimits* decodes() const noexcept { return decodes_; }
    /// Whether it leaves the connection open.
    bool keeps_alive() const noexcept { return !headers_.has_token("Connection", "close"); }
    /// RFC 9110, 9.2.2: sent twice, it does no more than once.
    bool is_idempotent() const noexcept;

    /// Where a response with this status and these fields sends the request on to. Nothing if it does not. Throws ClientResponseError if that
    /// is nowhere.
    std::optional<Url> redirected(const ResponseHead& head) const;
    /// Becomes the request that follows. Throws ClientResponseError if that has a body that cannot be sent again.
    void go_to(const Url& url, int status);

private:
    void take_body(RequestOptions& options, FormBody form);
    std::optional<std::uint64_t> announced_length() const;
    std::optional<ContentCoding> compression(const RequestOptions& options) const;
    void aim(Url&& url);
    void take_headers(const SessionOptions& session, const RequestOptions& options, bool is_sessions_own,
                      const Url& url);
    void take_cookies(const RequestOptions& options);
    void take_auth(const RequestOptions& options);
    // The value can stand in a field.
    void set_default(std::string_view field, std::string_view value);

    RequestName name_;
    Headers headers_;
    std::vector<std::string> skipped_;  // fields that do not go out by themselves
    Auth auth_;
    Params cookies_, session_cookies_;
    OutgoingBody body_;
    const DecodeLimits* decodes_;  // the session's
};

}  // namespace hocket::http
