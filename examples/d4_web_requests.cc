// SPDX-License-Identifier: MIT
// D4: web requests with gather, and the bytes of each. Takes the server's URL.
#include "server_url.h"

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>

using hocket::http::ClientSession;

hocket::Coro<std::string> fetch(ClientSession& session, std::string path) {
    auto response = co_await session.get(path);
    co_return co_await response.read();
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});
    auto [small, large, page] =
        co_await hocket::gather(fetch(session, "/bytes/1000"), fetch(session, "/bytes/50000"), fetch(session, "/html"));
    std::printf("/bytes/1000: %zu bytes\n", small.size());
    std::printf("/bytes/50000: %zu bytes\n", large.size());
    std::printf("/html: %zu bytes\n", page.size());
}

int main(int argc, char** argv) { hocket::run(amain(server_url(argc, argv))); }
