// SPDX-License-Identifier: MIT
// C11: a hundred thousand sleeping tasks, and what each costs.
#include "memory.h"
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <cstdio>
#include <vector>

using namespace std::chrono_literals;

hocket::Coro<int> sleeper(int n) {
    co_await hocket::sleep(1s);
    co_return n;
}

hocket::Coro<> amain() {
    constexpr int count = 100'000;
    const Stopwatch watch;
    const double before = resident_bytes();

    std::vector<hocket::Task<int>> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(hocket::create_task(sleeper(i)));
    co_await hocket::sleep(0);
    const double bytes = (resident_bytes() - before) / count;

    long sum = 0;
    for (auto& task : tasks) sum += co_await task;
    std::printf("%d tasks slept one second each, all in %.1f s\n", count, watch.seconds());
    std::printf("sum of their results: %ld\n", sum);
    std::printf("memory: %.0f bytes a task (a thread has 8 MB of stack)\n", bytes);
}

int main() { hocket::run(amain()); }
