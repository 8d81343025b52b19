// SPDX-License-Identifier: MIT
// C7: one HTTP client with two doors: a synchronous one for ordinary code, an asynchronous one for coroutines. Takes the server's URL.
#include "server_url.h"

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>

namespace http = hocket::http;

void synchronous(const std::string& server) {
    const auto users = http::sync::get(server + "/users"), posts = http::sync::get(server + "/posts");
    const std::string first = users.text(), second = posts.text();
    std::printf("synchronous: %d, %zu bytes; %d, %zu bytes\n", users.status(), first.size(), posts.status(),
                second.size());
}

hocket::Coro<> asynchronous(std::string server) {
    http::ClientSession session({.base_url = server});
    auto [users, posts] = co_await hocket::gather(session.get("/users"), session.get("/posts"));
    const std::string first = co_await users.text(), second = co_await posts.text();
    std::printf("asynchronous: %d, %zu bytes; %d, %zu bytes\n", users.status(), first.size(), posts.status(),
                second.size());
}

int main(int argc, char** argv) {
    const std::string server = server_url(argc, argv);
    synchronous(server);
    hocket::run(asynchronous(server));
}
