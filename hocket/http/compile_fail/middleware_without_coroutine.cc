// SPDX-License-Identifier: MIT
// A middleware that is no coroutine has no response to give: it has not come yet.
// error: hocket: a middleware is a coroutine function of http::OutgoingRequest and http::NextRequest
#include <hocket/http/client_session.h>

hocket::http::ClientMiddleware middleware() {
#ifdef HOCKET_FIXED
    return
        [](hocket::http::OutgoingRequest request, hocket::http::NextRequest next) { return next(std::move(request)); };
#else
    return [](hocket::http::OutgoingRequest request, hocket::http::NextRequest) { request.url += "?page=2"; };
#endif
}
