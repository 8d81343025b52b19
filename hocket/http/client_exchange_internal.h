// SPDX-License-Identifier: MIT
// From a request to its response: a connection, and as many exchanges as it takes.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/http/client_request_internal.h>
#include <hocket/http/client_response.h>
#include <hocket/http/client_session_internal.h>

namespace hocket::http {

/// Sends it: once more on another connection where a kept one has ended, as often as its repetitions allow, with what a challenge asks for, and
/// wherever redirects lead. The caller holds all of this.
Coro<ClientResponse> follow(SessionState& session, ClientRequest& request, const RequestOptions& options,
                            const Terms& terms);

}  // namespace hocket::http
