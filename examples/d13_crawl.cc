// SPDX-License-Identifier: MIT
// D13: a crawl of 5,000 URLs, a hundred at a time, with figures. Takes the server's URL.
#include "memory.h"
#include "server_url.h"
#include "stopwatch.h"

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

using hocket::http::ClientSession;

struct Crawl {
    ClientSession session;
    hocket::Queue<std::string> urls = {};
    std::size_t pages = 0, bytes = 0;
};

hocket::Coro<> worker(Crawl& crawl) {
    while (true) {
        std::string url;
        try {
            url = co_await crawl.urls.get();
        } catch (const hocket::QueueShutDown&) {
            co_return;  // there are no more
        }
        auto response = co_await crawl.session.get(std::move(url));
        response.raise_for_status();
        crawl.bytes += (co_await response.read()).size();
        ++crawl.pages;
    }
}

hocket::Coro<> amain(std::string server) {
    constexpr int count = 5000, at_a_time = 100;
    Crawl crawl{.session = ClientSession({.base_url = server, .limit = at_a_time})};
    for (int i = 0; i < count; ++i)
        crawl.urls.put_nowait("/posts/" + std::to_string(1 + i % 100) + "?visit=" + std::to_string(i));
    crawl.urls.shutdown();

    const Stopwatch watch;
    const std::clock_t processor = std::clock();
    std::vector<hocket::Coro<>> workers;
    for (int i = 0; i < at_a_time; ++i) workers.push_back(worker(crawl));
    co_await hocket::gather(std::move(workers));
    const double seconds = watch.seconds(), busy = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;

    std::printf("hocket:  %zu pages, %zu bytes, %.0f requests a second, %.0f us of processor each, %.1f MB at most\n",
                crawl.pages, crawl.bytes, static_cast<double>(count) / seconds, busy * 1e6 / count,
                peak_resident_bytes() / 1e6);
}

int main(int argc, char** argv) { hocket::run(amain(server_url(argc, argv))); }
