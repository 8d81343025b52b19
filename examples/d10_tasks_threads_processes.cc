// SPDX-License-Identifier: MIT
// D10: tasks, threads and processes compared: what a switch costs, what each takes in memory, and who computes faster.
#include "memory.h"
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

// ---- What a switch costs, between two sides that hand over to each other

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
    constexpr int times = 5'000;
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
    constexpr int times = 5'000;
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

// ---- What one that waits takes in memory

hocket::Coro<> sleep_long() { co_await hocket::sleep(1h); }

hocket::Coro<double> task_bytes() {
    constexpr int count = 10'000;
    std::vector<hocket::Task<>> tasks;
    tasks.reserve(count);
    const double before = resident_bytes();
    for (int i = 0; i < count; ++i) tasks.push_back(hocket::create_task(sleep_long()));
    co_await hocket::sleep(0);
    const double bytes = (resident_bytes() - before) / count;
    for (const auto& task : tasks) task.cancel();
    co_return bytes;
}

double thread_bytes() {
    constexpr int count = 100;
    std::latch all_run(count), end(1);
    std::vector<std::thread> threads;
    const double before = resident_bytes();
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&] {
            all_run.count_down();
            end.wait();
        });
    }
    all_run.wait();
    const double bytes = (resident_bytes() - before) / count;
    end.count_down();
    for (std::thread& thread : threads) thread.join();
    return bytes;
}

double process_bytes() {  // what it does not share with its parent
    constexpr int count = 20;
    double bytes = 0;
    for (int i = 0; i < count; ++i) {
        const pid_t child = fork();
        if (child == 0) raise(SIGSTOP);
        waitpid(child, nullptr, WUNTRACED);  // until it stands still
        bytes += memory_bytes(std::to_string(child), "Private_Dirty:");
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    return bytes / count;
}

// ---- Who computes faster: one piece of work for each core

const unsigned cores = std::max(1U, std::thread::hardware_concurrency());

double compute() {
    double sum = 0;
    for (int i = 1; i < 60'000'000; ++i) sum += 1.0 / i;
    return sum;
}

hocket::Coro<double> compute_in_task() { co_return compute(); }

hocket::Coro<double> seconds_of(hocket::Function<hocket::Coro<double>()> work) {
    const Stopwatch watch;
    std::vector<hocket::Coro<double>> pieces;
    for (unsigned i = 0; i < cores; ++i) pieces.push_back(work());
    for (const double sum : co_await hocket::gather(std::move(pieces))) {
        if (sum < 18 || sum > 19) throw std::runtime_error("computed " + std::to_string(sum));
    }
    co_return watch.seconds();
}

void row(const char* what, double tasks, double threads, double processes, int digits) {
    std::printf("%-28s %10.*f %10.*f %10.*f\n", what, digits, tasks, digits, threads, digits, processes);
}

int main() {
    hocket::ProcessPoolExecutor pool;  // before the first thread
    const double of_tasks = hocket::run(task_bytes()) / 1024;
    const double of_threads = thread_bytes() / 1024;
    const double of_processes = process_bytes() / 1024;

    const double between_tasks = hocket::run(task_switch_ns());
    const double between_threads = thread_switch_ns();
    const double between_processes = process_switch_ns();

    const double in_tasks = hocket::run(seconds_of(compute_in_task));
    const double in_threads = hocket::run(seconds_of([] { return hocket::to_thread(compute); }));
    const double in_processes = hocket::run(seconds_of([&] { return pool.run(compute); }));

    std::printf("%-28s %10s %10s %10s\n", "", "tasks", "threads", "processes");
    row("a switch, nanoseconds", between_tasks, between_threads, between_processes, 0);
    row("memory of each, KiB", of_tasks, of_threads, of_processes, 1);
    row("computing for each core, s", in_tasks, in_threads, in_processes, 2);
    std::printf("threads computed %.1f times as fast as tasks, on %u cores\n", in_tasks / in_threads, cores);
}
