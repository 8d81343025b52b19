// SPDX-License-Identifier: MIT
// A8: five URLs through one HTTP session, one after the other, then together. Takes the server's URL.
#include "server_url.h"
#include "stopwatch.h"

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>
#include <vector>

using hocket::http::ClientSession;

const std::vector<std::string> paths = {"/delay/1", "/delay/2", "/delay/1", "/delay/2", "/delay/1"};

struct Page {
    std::string path;
    int status;
    std::size_t length;
};

hocket::Coro<Page> fetch(ClientSession& session, std::string path) {
    auto response = co_await session.get(path);
    const std::string text = co_await response.text();
    co_return Page{path, response.status(), text.size()};
}

void print(const std::vector<Page>& pages) {
    for (const Page& page : pages) std::printf("%s: %d, %zu bytes\n", page.path.c_str(), page.status, page.length);
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});

    const Stopwatch one_by_one;
    std::vector<Page> pages;
    for (const std::string& path : paths) pages.push_back(co_await fetch(session, path));
    print(pages);
    std::printf("in sequence: %.1f s\n", one_by_one.seconds());

    const Stopwatch together;
    std::vector<hocket::Coro<Page>> fetches;
    for (const std::string& path : paths) fetches.push_back(fetch(session, path));
    print(co_await hocket::gather(std::move(fetches)));
    std::printf("together: %.1f s\n", together.seconds());
}

int main(int argc, char** argv) { hocket::run(amain(server_url(argc, argv))); }
