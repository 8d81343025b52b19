// SPDX-License-Identifier: MIT
// A middleware that does not take what comes next, or is no coroutine, cannot stand around handlers.
// error: hocket: a middleware is a coroutine function
#include <hocket/http/application.h>

void add(hocket::http::Application& app) {
#ifdef HOCKET_FIXED
    app.middleware([](hocket::http::Request& request, hocket::http::Next next) -> hocket::Coro<hocket::http::Response> {
        co_return co_await next(request);
    });
#else
    app.middleware([](hocket::http::Request&) { return hocket::http::Response(204); });
#endif
}
