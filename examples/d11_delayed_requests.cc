// SPDX-License-Identifier: MIT
// D11: three delayed requests take as long as the slowest. Takes the server's URL.
#include "stopwatch.h"

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>

using hocket::http::ClientSession;

hocket::Coro<> fetch(ClientSession& session, int delay) {
    auto response = co_await session.get("/delay/" + std::to_string(delay));
    co_await response.read();
    std::printf("the answer after %d s\n", delay);
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});
    const Stopwatch watch;
    co_await hocket::gather(fetch(session, 1), fetch(session, 2), fetch(session, 3));
    std::printf("three requests in %.1f s\n", watch.seconds());
}

int main(int, char** argv) { hocket::run(amain(argv[1])); }
