// SPDX-License-Identifier: MIT
// A8: five URLs through one HTTP session, one after the other, then together. Takes the server's URL.
#include "stopwatch.h"

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>
#include <vector>

using hocket::http::ClientSession;

const std::vector<std::string> paths = {"/delay/1", "/delay/2", "/delay/1", "/delay/2", "/delay/1"};

hocket::Coro<> fetch(ClientSession& session, std::string path) {
    auto response = co_await session.get(path);
    const std::string text = co_await response.text();
    std::printf("%s: %d, %zu bytes\n", path.c_str(), response.status(), text.size());
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});

    const Stopwatch one_by_one;
    for (const std::string& path : paths) co_await fetch(session, path);
    std::printf("in sequence: %.1f s\n", one_by_one.seconds());

    const Stopwatch together;
    std::vector<hocket::Coro<>> fetches;
    for (const std::string& path : paths) fetches.push_back(fetch(session, path));
    co_await hocket::gather(std::move(fetches));
    std::printf("together: %.1f s\n", together.seconds());
}

int main(int, char** argv) { hocket::run(amain(argv[1])); }
