// SPDX-License-Identifier: MIT
// B4: gather over a list that is built at run time.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

hocket::Coro<std::string> fetch_url(std::string url) {
    std::printf("Fetching %s\n", url.c_str());
    co_await hocket::sleep(1s);
    co_return "Content from " + url;
}

hocket::Coro<> amain() {
    const std::vector<std::string> urls = {
        "https://api.example.com/users",
        "https://api.example.com/posts",
        "https://api.example.com/comments",
    };
    std::vector<hocket::Coro<std::string>> fetches;
    for (const std::string& url : urls) fetches.push_back(fetch_url(url));

    const std::vector<std::string> results = co_await hocket::gather(std::move(fetches));
    for (std::size_t i = 0; i < urls.size(); ++i) std::printf("%s: %s\n", urls[i].c_str(), results[i].c_str());
}

int main() { hocket::run(amain()); }
