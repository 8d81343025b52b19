// SPDX-License-Identifier: MIT
// B1: three fetches, blocking and then asynchronous.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <thread>

using namespace std::chrono_literals;

std::string sync_fetch_data() {
    std::this_thread::sleep_for(1s);
    return "data";
}

void sync_main() {
    const Stopwatch watch;
    for (int i = 0; i < 3; ++i) sync_fetch_data();
    std::printf("Sync total time: %.2fs\n", watch.seconds());
}

hocket::Coro<std::string> async_fetch_data() {
    co_await hocket::sleep(1s);
    co_return "data";
}

hocket::Coro<> async_main() {
    const Stopwatch watch;
    co_await hocket::gather(async_fetch_data(), async_fetch_data(), async_fetch_data());
    std::printf("Async total time: %.2fs\n", watch.seconds());
}

int main() {
    sync_main();
    hocket::run(async_main());
}
