// SPDX-License-Identifier: MIT
// httpx's asynchronous client: two requests at once, an error, and one
// answer piece by piece.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <cstdio>
#include <string>

using hocket::Coro;
namespace http = hocket::http;
using namespace std::chrono_literals;

Coro<> amain(std::string site) {
    http::ClientSession client({.base_url = site, .timeout = 30s});
    auto [users, posts] =
        co_await hocket::gather(client.get("/users"), client.get("/posts"));
    const http::Json first = co_await users.json();
    const http::Json second = co_await posts.json();
    std::printf("%zu %zu\n", first.size(), second.size());

    auto missing = co_await client.get("/missing");
    std::printf("%d %s\n", missing.status(), missing.reason().c_str());
    try {
        missing.raise_for_status();
    } catch (const http::ClientResponseError& error) {
        std::printf("error %d\n", error.status());
    }

    std::size_t size = 0;
    auto response = co_await client.get("/posts");
    while (auto piece = co_await response.next()) size += piece->size();
    std::printf("%zu bytes, piece by piece\n", size);
}

int main(int, char* argv[]) { hocket::run(amain(argv[1])); }
