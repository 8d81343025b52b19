// SPDX-License-Identifier: MIT
// Values are found by where their key is, so it has to stay there.
// error: deleted
#include <hocket/http/application.h>

void add(const hocket::http::Application& app) {
#ifdef HOCKET_FIXED
    static const hocket::http::Key<int> answer("answer");
    app.set(answer, 42);
#else
    app.set(hocket::http::Key<int>("answer"), 42);
#endif
}
