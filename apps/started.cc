// SPDX-License-Identifier: MIT
// The first line of a server, and those of its requests.
#include "started.h"

#include <cstdio>
#include <string_view>

void say_where(const hocket::http::HttpServer& server) {
    std::printf("Listening on %s (Ctrl-C ends it)\n", server.url().c_str());
    std::fflush(stdout);
}

hocket::http::AccessLog make_log() {
    return hocket::http::AccessLog(
        [](std::string_view line) { std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data()); });
}
