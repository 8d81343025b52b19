// SPDX-License-Identifier: MIT
// A5: two tasks in flight, their results awaited later.
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
    auto users = hocket::create_task(fetch_data("api/users", 2));
    auto posts = hocket::create_task(fetch_data("api/posts", 3));

    std::printf("%s\n", (co_await users).c_str());
    std::printf("%s\n", (co_await posts).c_str());
    std::printf("Total: %.1fs\n", watch.seconds());
}

int main() { hocket::run(amain()); }
