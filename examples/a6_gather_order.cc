// SPDX-License-Identifier: MIT
// A6: gather gives results in the order of its arguments, whatever ends first.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <vector>

hocket::Coro<std::string> fetch_data(std::string url, int seconds) {
    std::printf("Fetching %s...\n", url.c_str());
    co_await hocket::sleep(std::chrono::seconds(seconds));
    std::printf("Done %s\n", url.c_str());
    co_return "data from " + url;
}

hocket::Coro<> amain() {
    std::vector<hocket::Coro<std::string>> fetches;
    fetches.push_back(fetch_data("api/users", 2));
    fetches.push_back(fetch_data("api/posts", 3));
    fetches.push_back(fetch_data("api/comments", 1));

    for (const std::string& result : co_await hocket::gather(std::move(fetches))) std::printf("%s\n", result.c_str());
}

int main() { hocket::run(amain()); }
