// SPDX-License-Identifier: MIT
// A handler whose parameters have no types says nothing about the path.
// error: hocket: a route's handler is a function, or an object with one operator\(\), whose parameters have types
#include <hocket/http/application.h>

void add(hocket::http::Application& app) {
#ifdef HOCKET_FIXED
    app.get("/{id}", [](int id) { return std::to_string(id); });
#else
    app.get("/{id}", [](auto id) { return std::to_string(id); });
#endif
}
