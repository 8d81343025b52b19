// SPDX-License-Identifier: MIT
// A request as it goes out, and what a redirect makes of it.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/http/client_response_internal.h>
#include <hocket/http/client_route_internal.h>
#include <hocket/http/headers.h>
#include <hocket/http/request_options.h>
#include <hocket/http/url.h>

#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {

/// The same without user and password, for messages and for what goes out.
Url without_user(const Url& url);

class ClientRequest {
public:
    /// Takes the headers and what is to be sent out of `options`. Throws ValueError for more than one kind of body, InvalidUrl for what
    /// cannot be fetched.
    ClientRequest(std::string_view method, const Url& url, const SessionOptions& session, RequestOptions& options);

    const RequestName& name() const noexcept { return name_; }
    const Shared<const std::string>& body() const noexcept { return body_; }
    /// Request line and header fields, as the server gets them, or the proxy that passes them on. Throws ValueError for what must not go out.
    std::string head(const ClientRoute& route) const;
    /// Whether it leaves the connection open.
    bool keeps_alive() const noexcept { return !headers_.has_token("Connection", "close"); }
    /// RFC 9110, 9.2.2: sent twice, it does no more than once.
    bool is_idempotent() const noexcept;

    /// Where a response with this status and these fields sends the request on to. Nothing if it does not. Throws ClientResponseError if that
    /// is nowhere.
    std::optional<Url> redirected(const ResponseHead& head) const;
    /// Becomes the request that follows.
    void go_to(const Url& url, int status);

private:
    void take_body(RequestOptions& options);
    void aim(const Url& url);
    void set_default(std::string_view field, std::string_view value);

    RequestName name_;
    Headers headers_;
    Shared<const std::string> body_;  // null for none
};

}  // namespace hocket::http
