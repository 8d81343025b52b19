// SPDX-License-Identifier: MIT
// B15: tasks for what is independent, and a cancellation that cleans up and is passed on.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

hocket::Coro<int> fetch_data(int id) {
    co_await hocket::sleep(500ms);
    co_return id;
}

hocket::Coro<> sequential() {
    const Stopwatch watch;
    const int first = co_await fetch_data(1);
    const int second = co_await fetch_data(2);
    std::printf("sequential: %d and %d in %.1fs\n", first, second, watch.seconds());
}

hocket::Coro<> concurrent() {
    const Stopwatch watch;
    auto first = hocket::create_task(fetch_data(1));
    auto second = hocket::create_task(fetch_data(2));
    const int one = co_await first, two = co_await second;
    std::printf("concurrent: %d and %d in %.1fs\n", one, two, watch.seconds());
}

hocket::Coro<> cancellable_task() {
    try {
        while (true) {
            co_await hocket::sleep(300ms);
            std::printf("Working...\n");
        }
    } catch (const hocket::CancelledError&) {
        std::printf("Task cancelled, cleaning up...\n");
        throw;
    }
}

hocket::Coro<> amain() {
    co_await sequential();
    co_await concurrent();
    auto task = hocket::create_task(cancellable_task());
    co_await hocket::sleep(1s);
    task.cancel();
    co_await hocket::wait({task});
    std::printf("cancelled: %s\n", task.cancelled() ? "yes" : "no");
}

int main() { hocket::run(amain()); }
