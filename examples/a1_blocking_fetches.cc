// SPDX-License-Identifier: MIT
// A1: three blocking fetches, one after the other.
#include "stopwatch.h"

#include <cstdio>
#include <string>
#include <thread>

std::string fetch_data(const std::string& url, int seconds) {
    std::printf("Fetching %s...\n", url.c_str());
    std::this_thread::sleep_for(std::chrono::seconds(seconds));  // stands for waiting on the network
    std::printf("Done %s\n", url.c_str());
    return "data from " + url;
}

int main() {
    const Stopwatch watch;
    fetch_data("api/users", 2);
    fetch_data("api/posts", 3);
    fetch_data("api/comments", 1);
    std::printf("Total: %.1fs\n", watch.seconds());
}
