// SPDX-License-Identifier: MIT
// Shows the files of a folder, and takes what is put under /upload/ without keeping it: what nginx does in slow_clients.py. Prints the port.
#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>

namespace http = hocket::http;

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: slow_server FOLDER\n");
        return 2;
    }
    http::Application app;
    app.put("/upload/{name}", [](http::Request& request, std::string) -> hocket::Coro<http::Response> {
        const std::string body = co_await request.body();
        co_return http::Response(body.empty() ? 400 : 201);
    });
    app.static_files("/", argv[1]);
    http::run_app(app, {.port = 0, .started = [](const http::HttpServer& server) {
                            std::printf("%d\n", server.port());
                            std::fflush(stdout);
                        }});
}
