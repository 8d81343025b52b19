// SPDX-License-Identifier: MIT
// B12: ten fetches, three at a time.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

hocket::Coro<std::string> fetch_with_limit(hocket::Semaphore& semaphore, std::string url) {
    auto permit = co_await semaphore.scoped();
    std::printf("Fetching %s\n", url.c_str());
    co_await hocket::sleep(1s);
    co_return "Result from " + url;
}

hocket::Coro<> amain() {
    hocket::Semaphore semaphore(3);
    std::vector<hocket::Coro<std::string>> fetches;
    for (int i = 0; i < 10; ++i)
        fetches.push_back(fetch_with_limit(semaphore, "http://example.com/" + std::to_string(i)));

    const auto results = co_await hocket::gather(std::move(fetches));
    std::printf("Completed %zu requests\n", results.size());
}

int main() { hocket::run(amain()); }
