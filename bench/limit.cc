// SPDX-License-Identifier: MIT
// The yardstick: each workload on the smallest loop that can do it.

#include "limit.h"

#include <exception>
#include <vector>

#include "measure.h"

namespace {

using namespace limit;

volatile long sink;

// The workloads. `noinline`, since a frame that the compiler moves into its caller's would not be measured.

[[gnu::noinline]] Coro<> yield_once() { co_await Yield(); }

Coro<> batches(int total, int at_once) {
    static std::vector<Task> tasks;
    for (int i = 0; i < total; i += at_once) {
        for (int j = 0; j < at_once; ++j) tasks.push_back(yield_once().spawn());
        for (const Task& t : tasks) co_await t;
        tasks.clear();
    }
}

void spawn_and_join() {
    bench::report_ns(1'000'000, [](int n) { run(batches(n, 1000)); });
}

[[gnu::noinline]] Coro<int> nested(int depth) {
    if (depth == 0) co_return 1;
    co_return 1 + co_await nested(depth - 1);
}

void nested_await() {
    bench::report_ns(10'000'000, [](int items) {
        run([](int n) -> Coro<> {
            for (int i = 0; i < n; i += 10) sink = sink + co_await nested(9);
        }(items));
    });
}

Coro<> yields(int n) {
    for (int i = 0; i < n; ++i) co_await Yield();
}

void yield() {
    bench::report_ns(10'000'000, [](int n) { run(yields(n)); });
}

[[gnu::noinline]] Coro<> sleeper(double seconds) { co_await Sleep{seconds}; }

void yield_with_a_timer() {
    const Task pending = sleeper(100).spawn();
    bench::report_ns(10'000'000, [](int n) { run(yields(n)); });
}

[[gnu::noinline]] Coro<> producer(Queue& q, int n) {
    for (int i = 0; i < n; ++i) co_await q.put(i);
}
[[gnu::noinline]] Coro<> consumer(Queue& q, int n) {
    for (int i = 0; i < n; ++i) sink = sink + co_await q.get();
}

void queue() {
    bench::report_ns(1'000'000, [](int items) {
        run([](int n) -> Coro<> {
            Queue q(1);
            const Task producing = producer(q, n).spawn();
            co_await consumer(q, n).spawn();
            co_await producing;
        }(items));
    });
}

void timers_at_once() {
    const double before = bench::resident_bytes(), start = bench::now();
    run([]() -> Coro<> {
        std::vector<Task> tasks;
        tasks.reserve(1'000'000);
        bench::RandomSeconds random;
        for (int i = 0; i < 1'000'000; ++i) tasks.push_back(sleeper(random.next()).spawn());
        for (Task& t : tasks) co_await t;
    }());
    bench::report("over_s", bench::now() - start - 1);
    bench::report("bytes", (bench::peak_bytes() - before) / 1e6);
}

[[gnu::noinline]] Coro<> waiter(Event& event) { co_await event.wait(); }

void waiting_tasks() {
    run([]() -> Coro<> {
        const double before = bench::resident_bytes();
        Event event;
        std::vector<Task> tasks;
        tasks.reserve(100'000);
        for (int i = 0; i < 100'000; ++i) tasks.push_back(waiter(event).spawn());
        co_await Yield();
        bench::report("bytes", (bench::resident_bytes() - before) / 1e5);
        event.set();
        for (Task& t : tasks) co_await t;
    }());
}

[[gnu::noinline]] Coro<> answerer(std::vector<Future*>& asked, int n) {
    for (int i = 0; i < n; ++i) {
        while (asked.empty()) co_await Yield();
        Future* f = asked.back();
        asked.pop_back();
        f->set_result(i);
        co_await Yield();
    }
}

Coro<> asker(int n) {
    std::vector<Future*> asked;
    const Task answering = answerer(asked, n).spawn();
    for (int i = 0; i < n; ++i) {
        Future f;
        asked.push_back(&f);
        sink = sink + co_await f;
    }
    co_await answering;
}

void future() {
    bench::report_ns(1'000'000, [](int n) { run(asker(n)); });
}

/// Each frame catches an exception, keeps it, and throws it on where it is awaited.
[[gnu::noinline]] std::exception_ptr throw_below(int depth) {
    try {
        if (depth == 1) throw std::exception();
        std::rethrow_exception(throw_below(depth - 1));
    } catch (...) {
        return std::current_exception();
    }
}

/// The unwinder's share of a cancel, in plain functions: a loop adds little to it.
template <int depth>
void cancel() {
    bench::report_ns(50'000, [](int times) {
        for (int i = 0; i < times; ++i) sink = sink + (throw_below(depth) != nullptr);
    });
}

/// The short round before is one batch: the memory's first touch is D's matter.
template <int at_once>
void growth() {
    bench::report_ns(4'000'000, [](int n) { run(batches(n, at_once)); });
}

constexpr bench::Workload workloads[] = {
    {"A", spawn_and_join},
    {"B", nested_await},
    {"C1", yield},
    {"C1t", yield_with_a_timer},
    {"C2", queue},
    {"D", timers_at_once},
    {"E", waiting_tasks},
    {"future", future},
    {"cancel1", cancel<1>},
    {"cancel5", cancel<5>},
    {"growth1e3", growth<1000>},
    {"growth1e4", growth<10000>},
    {"growth1e5", growth<100000>},
    {"growth1e6", growth<1000000>},
};

}  // namespace

int main(int argc, char** argv) { return bench::main_of(workloads, argc, argv); }
