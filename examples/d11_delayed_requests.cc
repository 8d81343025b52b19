// SPDX-License-Identifier: MIT
// D11: three delayed requests, and some work with each answer, take as long as the slowest. Takes the server's URL.
#include "server_url.h"
#include "stopwatch.h"

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;
using hocket::http::ClientSession;

hocket::Coro<int> fetch(ClientSession& session, int delay) {
    auto response = co_await session.get("/delay/" + std::to_string(delay));
    co_await response.read();
    co_await hocket::sleep(200ms);  // the work
    co_return response.status();
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});
    const Stopwatch watch;
    auto [first, second, third] = co_await hocket::gather(fetch(session, 1), fetch(session, 2), fetch(session, 3));
    std::printf("/delay/1: %d\n/delay/2: %d\n/delay/3: %d\n", first, second, third);
    std::printf("three requests in %.1f s\n", watch.seconds());
}

int main(int argc, char** argv) { hocket::run(amain(server_url(argc, argv))); }
