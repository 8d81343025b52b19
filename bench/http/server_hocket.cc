// SPDX-License-Identifier: MIT
// The HTTP server with hocket's application. HOCKET_BACKEND says on what.

#include <hocket/hocket.h>
#include <hocket/http.h>

#include "../net/listen.h"

namespace {

using namespace hocket;

Coro<> amain() {
    http::Application app;
    app.get("/", [] { return http::text_response("Hello, World!"); });
    const http::HttpServer server = co_await http::serve(app, "127.0.0.1", 0);
    bench::tell_port(server.port());
    co_await server.serve_forever();
}

}  // namespace

int main() {
    bench::allow_many_files();
    run(amain());
}
