// SPDX-License-Identifier: MIT
// C9: five sleeping threads, then five sleeping tasks. `run` takes a coroutine, so the gather stands in one.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <cstdio>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

void threads() {
    std::vector<int> results(5);
    std::vector<std::thread> threads;
    for (int i = 0; i < 5; ++i) {
        threads.emplace_back([i, &results] {
            std::this_thread::sleep_for(1s);
            results[static_cast<std::size_t>(i)] = i * 2;
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (int result : results) std::printf("%d ", result);
}

hocket::Coro<int> task(int n) {
    co_await hocket::sleep(1s);
    co_return n * 2;
}

hocket::Coro<> tasks() {
    std::vector<hocket::Coro<int>> coros;
    for (int i = 0; i < 5; ++i) coros.push_back(task(i));
    for (int result : co_await hocket::gather(std::move(coros))) std::printf("%d ", result);
}

int main() {
    const Stopwatch watch;
    threads();
    std::printf("from threads in %.1fs\n", watch.seconds());

    const Stopwatch again;
    hocket::run(tasks());
    std::printf("from tasks in %.1fs\n", again.seconds());
}
