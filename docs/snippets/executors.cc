// SPDX-License-Identifier: MIT
// The programs of executors.md.
#include <hocket/hocket.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>
using namespace hocket;
using namespace std::chrono_literals;

// [blocking]
std::string slow_lookup(const std::string& name) {  // an ordinary function that blocks its thread
    std::this_thread::sleep_for(20ms);
    return "the number of " + name;
}

Coro<> look_up() {
    auto [anna, bert] = co_await gather(to_thread(slow_lookup, "Anna"), to_thread(slow_lookup, "Bert"));
    std::printf("%s, %s\n", anna.c_str(), bert.c_str());
}
// [/blocking]

// [pool]
long sum_to(long n) {
    long sum = 0;
    for (long i = 1; i <= n; ++i) sum += i;
    return sum;
}

Coro<> compute() {
    ThreadPoolExecutor pool({.max_workers = 2, .thread_name_prefix = "sum"});
    Future<long> first = run_in_executor(pool, sum_to, 1000);  // submitted now
    Future<long> second = run_in_executor(pool, sum_to, 2000);
    const long sum = co_await first + co_await second;
    std::printf("the sums are %ld together\n", sum);
}  // the pool waits for its threads
// [/pool]

// [options]
thread_local std::string connection;  // what a thread prepares once

Coro<> with_options() {
    ThreadPoolExecutor pool({.max_workers = 1,
                             .thread_name_prefix = "db",
                             .initializer = [] { connection = "connected"; },
                             .max_queue = 1});
    auto first = run_in_executor(pool, [] { return slow_lookup(connection); });
    auto second = run_in_executor(pool, [] { return connection; });
    try {
        run_in_executor(pool, [] { return connection; });
    } catch (const QueueFull& e) {
        std::printf("not now: %s\n", e.what());
    }
    std::printf("%s, %s\n", (co_await first).c_str(), (co_await second).c_str());
    co_await pool.close({.timeout = 5s});  // waits for the threads, and does not block the loop
}
// [/options]

// [default]
Coro<> use_few_threads() {
    set_default_executor(get_running_loop(), std::make_unique<ThreadPoolExecutor>(ThreadPoolOptions{.max_workers = 2}));
    std::printf("%s\n", (co_await to_thread(slow_lookup, "Dora")).c_str());
}
// [/default]

// [context]
ContextVar<std::string> request("request", "none");

Coro<> with_context() {
    request.set("7");
    const std::string in_thread = co_await to_thread([] { return request.get(); });
    const std::string in_pool = co_await run_in_executor([] { return request.get(); });
    std::printf("to_thread sees request %s, run_in_executor sees %s\n", in_thread.c_str(), in_pool.c_str());
}
// [/context]

// [abandon]
Coro<> give_up() {
    Future<std::string> lookup = run_in_executor(slow_lookup, "Carla");
    try {
        co_await wait_for(lookup, 1ms);
    } catch (const TimeoutError&) {
        std::printf("no answer in time; the thread goes on, its answer is dropped\n");
    }
}
// [/abandon]

// [shutdown]
Coro<> end_early() {
    run_in_executor([] { std::printf("%s\n", slow_lookup("Emil").c_str()); });
    co_await shutdown_default_executor(10s);  // waits for the job, but no longer than that
    try {
        co_await to_thread(slow_lookup, "Fritz");
    } catch (const RuntimeError& e) {
        std::printf("%s\n", e.what());
    }
}
// [/shutdown]

// [threadsafe]
Coro<int> answer(int question) {
    co_await hocket::sleep(1ms);
    co_return 2 * question;
}

Coro<> serve_a_thread() {
    EventLoop& loop = get_running_loop();
    const int result = co_await to_thread([&loop] {
        ConcurrentFuture<int> future = run_coroutine_threadsafe(answer(21), loop);
        return future.result(5s);  // blocks this thread, not the loop
    });
    std::printf("a thread asked the loop: %d\n", result);
}
// [/threadsafe]

// [foreign]
Coro<> use_a_foreign_thread() {
    ConcurrentFuture<int> measured;
    std::thread sensor([measured] { measured.set_result(20); });  // any thread, of any library
    std::printf("%d degrees\n", co_await wrap_future(measured));
    sensor.join();
}
// [/foreign]

// [processes]
long count_primes(long from, long to) {
    long count = 0;
    for (long n = from; n < to; ++n) {
        bool prime = n > 1;
        for (long d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
        count += prime;
    }
    return count;
}

long trust_nobody(std::string text) {
    if (text.empty()) std::abort();
    return static_cast<long>(text.size());
}

Coro<> use_processes(ProcessPoolExecutor& pool) {
    auto [a, b] = co_await gather(pool.run(count_primes, 0, 10'000), pool.run(count_primes, 10'000, 20'000));
    std::printf("%ld primes\n", a + b);
    try {
        co_await pool.run(trust_nobody, "");
    } catch (const BrokenProcessPool& e) {
        std::printf("%s\n", e.what());
    }
}
// [/processes]

// [replaced]
long leak_a_little() {
    static long leaked = 0;
    return ++leaked;
}

Coro<> replace_workers(ProcessPoolExecutor& pool) {
    for (int call = 0; call < 3; ++call) std::printf("%ld ", co_await pool.run(leak_a_little));
    std::printf("pieces leaked\n");
    const bool in_time = co_await pool.close({.timeout = 10s});  // else the workers are killed
    std::printf("closed in time: %d\n", in_time);
}
// [/replaced]

int main() {
    ProcessPoolExecutor pool({.max_workers = 2});  // before the first thread
    ProcessPoolExecutor leaking({.max_workers = 1, .max_tasks_per_child = 2});
    run(look_up());
    run(compute());
    run(with_options());
    run(use_few_threads());
    run(with_context());
    run(give_up());
    run(end_early());
    run(serve_a_thread());
    run(use_a_foreign_thread());
    run(use_processes(pool));
    run(replace_workers(leaking));
}
