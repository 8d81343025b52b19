// SPDX-License-Identifier: MIT
// A program that fetches two pages at once: how long it takes to compile is measured.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <cstdio>
using namespace std::chrono_literals;

hocket::Coro<std::size_t> size_of(hocket::http::ClientSession& session, std::string url) {
    auto response = co_await session.get(url, {.headers = {{"Accept", "text/plain"}}, .timeout = 5s});
    co_return (co_await response.text()).size();
}

hocket::Coro<> amain() {
    hocket::http::ClientSession session;
    auto [users, posts] = co_await hocket::gather(size_of(session, "http://127.0.0.1:8080/users"),
                                                  size_of(session, "http://127.0.0.1:8080/posts"));
    std::printf("%zu %zu\n", users, posts);
}

int main() { hocket::run(amain()); }
