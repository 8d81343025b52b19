// SPDX-License-Identifier: MIT
// The workloads with hocket, and how often it asks the system for memory once it runs.

#include <hocket/hocket.h>
#include <hocket/inspect/counters.h>

#include <vector>

#include "allocations.h"
#include "measure.h"
#include "simulated.h"

namespace {

using hocket::Coro, hocket::Task;
using namespace std::chrono_literals;

volatile long sink;
bool is_counted = false;  // the loop counts what it runs

/// Reports the nanoseconds of each item of `work` and the allocations of all; a short round before it fills the caches.
template <class Work>
void measure(int items, Work work) {
    auto main = [&]() -> Coro<> {
        if (is_counted) hocket::inspect::start_counting(hocket::get_running_loop());
        co_await work(1000);
        const double allocated = bench::allocations(), start = bench::now();
        co_await work(items);
        const double seconds = bench::now() - start;
        bench::report("allocations", bench::allocations() - allocated);
        bench::report("ns", seconds * 1e9 / items);
    };
    hocket::run(main());
}

/// The same on a loop that counts.
template <void (*workload)()>
void counted() {
    is_counted = true;
    workload();
}

[[gnu::noinline]] Coro<> yield_once() { co_await hocket::sleep(0); }

/// Kept from round to round, so that its memory is not counted.
std::vector<Task<>> tasks;

Coro<> batches(int total, int at_once) {
    for (int i = 0; i < total; i += at_once) {
        for (int j = 0; j < at_once; ++j) tasks.push_back(hocket::create_task(yield_once()));
        for (const Task<>& t : tasks) co_await t;
        tasks.clear();
    }
}

void spawn_and_join() {
    measure(1'000'000, [](int n) { return batches(n, 1000); });
}

[[gnu::noinline]] Coro<int> nested(int depth) {
    if (depth == 0) co_return 1;
    co_return 1 + co_await nested(depth - 1);
}

void nested_await() {
    measure(10'000'000, [](int n) -> Coro<> {
        for (int i = 0; i < n; i += 10) sink = sink + co_await nested(9);
    });
}

Coro<> yields(int n) {
    for (int i = 0; i < n; ++i) co_await hocket::sleep(0);
}

void yields_alone() { measure(10'000'000, yields); }

[[gnu::noinline]] Coro<> sleeper(double seconds) {
    co_await hocket::sleep(std::chrono::nanoseconds(static_cast<long>(seconds * 1e9)));
}

void yields_with_a_timer() {
    measure(10'000'000, [](int n) -> Coro<> {
        const Task<> pending = hocket::create_task(sleeper(100));
        co_await yields(n);
        pending.cancel();
    });
}

[[gnu::noinline]] Coro<> producer(hocket::Queue<int>& q, int n) {
    for (int i = 0; i < n; ++i) co_await q.put(i);
}
[[gnu::noinline]] Coro<> consumer(hocket::Queue<int>& q, int n) {
    for (int i = 0; i < n; ++i) sink = sink + co_await q.get();
}

void queue() {
    measure(1'000'000, [](int n) -> Coro<> {
        static hocket::Queue<int> q(1);
        const Task<> producing = hocket::create_task(producer(q, n));
        const Task<> consuming = hocket::create_task(consumer(q, n));
        co_await producing;
        co_await consuming;
    });
}

Coro<> sleeps(int n, double at_most) {
    tasks.reserve(static_cast<std::size_t>(n));
    bench::RandomSeconds random;
    for (int i = 0; i < n; ++i) tasks.push_back(hocket::create_task(sleeper(at_most * random.next())));
    for (const Task<>& t : tasks) co_await t;
    tasks.clear();
}

void timers_at_once() {
    const double before = bench::resident_bytes(), start = bench::now();
    hocket::run(sleeps(1'000'000, 1));
    bench::report("over_s", bench::now() - start - 1);
    bench::report("bytes", (bench::peak_bytes() - before) / 1e6);
}

void timers() {
    measure(100'000, [](int n) -> Coro<> {
        for (int i = 0; i < n; i += 1000) co_await sleeps(1000, 0.001);
    });
}

[[gnu::noinline]] Coro<> waiter(hocket::Event& event) { co_await event.wait(); }

void waiting_tasks() {
    auto main = []() -> Coro<> {
        const double before = bench::resident_bytes();
        hocket::Event event;
        tasks.reserve(100'000);
        for (int i = 0; i < 100'000; ++i) tasks.push_back(hocket::create_task(waiter(event)));
        co_await hocket::sleep(0);
        bench::report("bytes", (bench::resident_bytes() - before) / 1e5);
        event.set();
        for (const Task<>& t : tasks) co_await t;
        tasks.clear();
    };
    hocket::run(main());
}

[[gnu::noinline]] Coro<> answerer(std::vector<hocket::Future<int>>& asked, int n) {
    for (int i = 0; i < n; ++i) {
        while (asked.empty()) co_await hocket::sleep(0);
        const hocket::Future<int> f = std::move(asked.back());
        asked.pop_back();
        f.set_result(i);
        co_await hocket::sleep(0);
    }
}

void future() {
    measure(1'000'000, [](int n) -> Coro<> {
        static std::vector<hocket::Future<int>> asked;
        const Task<> answering = hocket::create_task(answerer(asked, n));
        for (int i = 0; i < n; ++i) {
            const hocket::Future<int> f;
            asked.push_back(f);
            sink = sink + co_await f;
        }
        co_await answering;
    });
}

[[gnu::noinline]] Coro<> refuser(std::vector<hocket::Future<int>>& asked, int n) {
    const auto refusal = std::make_exception_ptr(hocket::RuntimeError("no"));
    for (int i = 0; i < n; ++i) {
        while (asked.empty()) co_await hocket::sleep(0);
        const hocket::Future<int> f = std::move(asked.back());
        asked.pop_back();
        f.set_exception(refusal);
        co_await hocket::sleep(0);
    }
}

/// `future`, where each ends with an exception that nobody throws.
void failure() {
    measure(1'000'000, [](int n) -> Coro<> {
        static std::vector<hocket::Future<int>> asked;
        const Task<> refusing = hocket::create_task(refuser(asked, n));
        for (int i = 0; i < n; ++i) {
            const hocket::Future<int> f;
            asked.push_back(f);
            const hocket::Result<int> result = co_await hocket::as_result(f);
            sink = sink + result.ok();
        }
        co_await refusing;
    });
}

[[gnu::noinline]] Coro<> wait_below(int depth, hocket::Event& event) {
    if (depth == 1) {
        co_await event.wait();
    } else {
        co_await wait_below(depth - 1, event);
    }
}

/// Cancels tasks that wait `depth` frames deep, until all have ended.
template <int depth>
void cancel() {
    auto main = []() -> Coro<> {
        double seconds = 0;
        for (int round = 0; round < 5; ++round) {
            hocket::Event event;
            for (int i = 0; i < 10'000; ++i) tasks.push_back(hocket::create_task(wait_below(depth, event)));
            co_await hocket::sleep(0);
            const double start = bench::now();
            for (const Task<>& t : tasks) t.cancel();
            while (!tasks.back().done()) co_await hocket::sleep(0);
            seconds += bench::now() - start;
            tasks.clear();
        }
        bench::report("ns", seconds * 1e9 / 50'000);
    };
    hocket::run(main());
}

template <int n>
void growth() {
    auto main = []() -> Coro<> {
        co_await batches(n, n);  // the memory's first touch is D's matter
        const double start = bench::now();
        co_await batches(4'000'000, n);
        bench::report("ns", (bench::now() - start) * 1e9 / 4e6);
    };
    hocket::run(main());
}

constexpr bench::Workload workloads[] = {
    {"A", spawn_and_join},
    {"B", nested_await},
    {"C1", yields_alone},
    {"C1t", yields_with_a_timer},
    {"Acounted", counted<spawn_and_join>},
    {"C1counted", counted<yields_alone>},
    {"C2", queue},
    {"D", timers_at_once},
    {"E", waiting_tasks},
    {"future", future},
    {"failure", failure},
    {"timers", timers},
    {"cancel1", cancel<1>},
    {"cancel5", cancel<5>},
    {"growth1e3", growth<1000>},
    {"growth1e4", growth<10000>},
    {"growth1e5", growth<100000>},
    {"growth1e6", growth<1000000>},
    {"simecho", bench::simulated_echoes},
    {"simhttp", bench::simulated_requests},
    {"simhour", bench::simulated_hour},
};

}  // namespace

int main(int argc, char** argv) { return bench::main_of(workloads, argc, argv); }
