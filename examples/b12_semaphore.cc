// SPDX-License-Identifier: MIT
// B12: ten fetches, three at a time.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

int running = 0, most = 0;

hocket::Coro<std::string> fetch_with_limit(hocket::Semaphore& semaphore, std::string url) {
    auto permit = co_await semaphore.scoped();
    most = std::max(most, ++running);
    std::printf("Fetching %s\n", url.c_str());
    co_await hocket::sleep(1s);
    --running;
    co_return "Result from " + url;
}

hocket::Coro<> amain() {
    const Stopwatch watch;
    hocket::Semaphore semaphore(3);
    std::vector<hocket::Coro<std::string>> fetches;
    for (int i = 0; i < 10; ++i)
        fetches.push_back(fetch_with_limit(semaphore, "http://example.com/" + std::to_string(i)));

    const auto results = co_await hocket::gather(std::move(fetches));
    std::printf("Completed %zu requests in %.1fs, at most %d at once\n", results.size(), watch.seconds(), most);
}

int main() { hocket::run(amain()); }
