// SPDX-License-Identifier: MIT
// A handler that gives nothing leaves the client without an answer.
// error: hocket: a route's handler gives http::Response, std::string or JSON
#include <hocket/http/application.h>

void add(hocket::http::Application& app) {
#ifdef HOCKET_FIXED
    app.get("/", [] { return hocket::http::Response(204); });
#else
    app.get("/", [] {});
#endif
}
