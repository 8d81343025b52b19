// SPDX-License-Identifier: MIT
// D10: tasks, threads and processes compared: what a switch costs, what a unit takes in memory, and who computes faster.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

// ---- What a switch costs: two sides that hand over to each other

hocket::Coro<> yield_often(int times) {
    for (int i = 0; i < times; ++i) co_await hocket::sleep(0);
}

hocket::Coro<double> task_switch_ns() {
    constexpr int times = 200'000;
    const Stopwatch watch;
    co_await hocket::gather(yield_often(times), yield_often(times));
    co_return watch.seconds() * 1e9 / (2.0 * times);
}

double thread_switch_ns() {
    constexpr int times = 20'000;
    std::mutex mutex;
    std::condition_variable changed;
    bool first = true;
    const auto side = [&](bool mine) {
        for (int i = 0; i < times; ++i) {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return first == mine; });
            first = !mine;
            changed.notify_one();
        }
    };
    const Stopwatch watch;
    std::thread other(side, false);
    side(true);
    other.join();
    return watch.seconds() * 1e9 / (2.0 * times);
}

double process_switch_ns() {
    constexpr int times = 20'000;
    int there[2], back[2];
    if (pipe(there) < 0 || pipe(back) < 0) std::abort();
    const pid_t child = fork();
    char byte = 0;
    if (child == 0) {
        for (int i = 0; i < times; ++i) {
            if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1) _exit(1);
        }
        _exit(0);
    }
    const Stopwatch watch;
    for (int i = 0; i < times; ++i) {
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) std::abort();
    }
    const double seconds = watch.seconds();
    waitpid(child, nullptr, 0);
    return seconds * 1e9 / (2.0 * times);
}

// ---- Who computes faster: four pieces of work

double compute() {
    double sum = 0;
    for (int i = 1; i < 60'000'000; ++i) sum += 1.0 / i;
    return sum;
}

hocket::Coro<> compute_in_task() {
    compute();
    co_return;
}

double in_tasks() {
    const Stopwatch watch;
    hocket::run([]() -> hocket::Coro<> {
        co_await hocket::gather(compute_in_task(), compute_in_task(), compute_in_task(), compute_in_task());
    }());
    return watch.seconds();
}

double in_threads() {
    const Stopwatch watch;
    hocket::run([]() -> hocket::Coro<> {
        co_await hocket::gather(hocket::to_thread(compute), hocket::to_thread(compute), hocket::to_thread(compute),
                                hocket::to_thread(compute));
    }());
    return watch.seconds();
}

double in_processes() {
    const Stopwatch watch;
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
        const pid_t child = fork();
        if (child == 0) _exit(compute() > 0 ? 0 : 1);
        children.push_back(child);
    }
    for (const pid_t child : children) waitpid(child, nullptr, 0);
    return watch.seconds();
}

int main() {
    const double tasks = in_tasks(), threads = in_threads(), processes = in_processes();
    std::printf("%-28s %10s %10s %10s\n", "", "tasks", "threads", "processes");
    std::printf("%-28s %10.0f %10.0f %10.0f\n", "a switch, nanoseconds", hocket::run(task_switch_ns()),
                thread_switch_ns(), process_switch_ns());
    std::printf("%-28s %10s %10s %10s\n", "stack of each", "none", "8 MB", "8 MB");
    std::printf("%-28s %10.2f %10.2f %10.2f\n", "computing four times, s", tasks, threads, processes);
    std::printf("threads computed %.1f times as fast as tasks, on %u cores\n", tasks / threads,
                std::thread::hardware_concurrency());
}
