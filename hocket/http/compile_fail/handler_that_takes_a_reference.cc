// SPDX-License-Identifier: MIT
// A coroutine that took a parameter by reference would outlive it.
// error: hocket: a route's handler takes http::Request&, values of the path .* these by value
#include <hocket/http/application.h>

void add(hocket::http::Application& app) {
#ifdef HOCKET_FIXED
    app.get("/{name}", [](std::string name) -> hocket::Coro<std::string> { co_return name; });
#else
    app.get("/{name}", [](const std::string& name) -> hocket::Coro<std::string> { co_return name; });
#endif
}
