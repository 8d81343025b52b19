// SPDX-License-Identifier: MIT
// A2: the three fetches of A1 at once, with gather.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <cstdio>
#include <string>

hocket::Coro<std::string> fetch_data(std::string url, int seconds) {
    std::printf("Fetching %s...\n", url.c_str());
    co_await hocket::sleep(std::chrono::seconds(seconds));
    std::printf("Done %s\n", url.c_str());
    co_return "data from " + url;
}

hocket::Coro<> amain() {
    const Stopwatch watch;
    auto [users, posts, comments] =
        co_await hocket::gather(fetch_data("api/users", 2), fetch_data("api/posts", 3), fetch_data("api/comments", 1));
    std::printf("%s, %s, %s\n", users.c_str(), posts.c_str(), comments.c_str());
    std::printf("Total: %.1fs\n", watch.seconds());
}

int main() { hocket::run(amain()); }
