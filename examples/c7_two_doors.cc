// SPDX-License-Identifier: MIT
// C7: one HTTP client with two doors: a synchronous one for ordinary code, an asynchronous one for coroutines. Takes the server's URL.
#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>

namespace http = hocket::http;

hocket::Coro<> asynchronous(std::string server) {
    http::ClientSession session({.base_url = server});
    auto [users, posts] = co_await hocket::gather(session.get("/users"), session.get("/posts"));
    std::printf("asynchronous: %d and %d\n", users.status(), posts.status());
}

int main(int, char** argv) {
    const std::string server = argv[1];
    const auto response = http::sync::get(server + "/users/1");
    std::printf("synchronous: %d, %zu bytes\n", response.status(), response.text().size());
    hocket::run(asynchronous(server));
}
