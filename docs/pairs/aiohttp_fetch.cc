// SPDX-License-Identifier: MIT
// Several pages over one session, no more than two at a time.
#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>
#include <vector>

using hocket::Coro, hocket::Semaphore;
namespace http = hocket::http;

struct Page {
    int status;
    std::size_t size;
};

Coro<Page> fetch(http::ClientSession& session, Semaphore& limit,
                 std::string path) {
    auto guard = co_await limit.scoped();
    auto response = co_await session.get(path);
    const std::string text = co_await response.text();
    co_return Page{response.status(), text.size()};
}

Coro<> amain(std::string site) {
    const std::vector<std::string> paths = {"/users", "/posts", "/text",
                                            "/missing"};
    Semaphore limit(2);
    http::ClientSession session({.base_url = site});
    std::vector<Coro<Page>> fetches;
    for (const auto& path : paths)
        fetches.push_back(fetch(session, limit, path));
    const auto pages = co_await hocket::gather(std::move(fetches));
    for (std::size_t i = 0; i < paths.size(); ++i)
        std::printf("%s: %d, %zu bytes\n", paths[i].c_str(),
                    pages[i].status, pages[i].size);
}

int main(int, char* argv[]) { hocket::run(amain(argv[1])); }
