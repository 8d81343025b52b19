// SPDX-License-Identifier: MIT
// The workloads with Boost.Asio's C++20 coroutines, on one thread.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <vector>

#include "measure.h"

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

// The context's own executor type, since the default one, which hides it, is dearer.
using Executor = asio::io_context::executor_type;
template <class T = void>
using Coro = asio::awaitable<T, Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using Channel = asio::experimental::channel<Executor, void(boost::system::error_code, int)>;
constexpr asio::use_awaitable_t<Executor> awaited;

asio::io_context context(1);  // one thread: its locks are left out

void run(Coro<> main) {
    asio::co_spawn(context, std::move(main), [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
    });
    context.restart();
    context.run();
}

/// An event as Asio's documentation makes one: a timer that never ends, until it is cancelled.
class Event {
public:
    void set() { timer_.cancel(); }
    Coro<> wait() { co_await timer_.async_wait(asio::as_tuple(awaited)); }

private:
    Timer timer_{context, Clock::time_point::max()};
};

/// Spawned coroutines that are awaited together: the last one to end wakes the one that waits.
class Join {
public:
    void spawn(Coro<> child) {
        ++running_;
        asio::co_spawn(context, std::move(child), [this](const std::exception_ptr& error) {
            if (error) std::rethrow_exception(error);
            if (--running_ == 0) all_done_.set();
        });
    }
    Coro<> wait() {
        if (running_) co_await all_done_.wait();
    }

private:
    int running_ = 0;
    Event all_done_;
};

volatile long sink;

auto yield() { return asio::post(context, awaited); }

[[gnu::noinline]] Coro<> yield_once() { co_await yield(); }

Coro<> batch_of(int n) {
    Join tasks;
    for (int i = 0; i < n; ++i) tasks.spawn(yield_once());
    co_await tasks.wait();
}

Coro<> batches(int total, int at_once) {
    for (int i = 0; i < total; i += at_once) co_await batch_of(at_once);
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
    for (int i = 0; i < n; ++i) co_await yield();
}

void yields_alone() {
    bench::report_ns(10'000'000, [](int n) { run(yields(n)); });
}

void yields_with_a_timer() {
    bench::report_ns(10'000'000, [](int items) {
        run([](int n) -> Coro<> {
            Timer pending(context, std::chrono::seconds(100));
            pending.async_wait([](boost::system::error_code) {});
            co_await yields(n);
            pending.cancel();
        }(items));
    });
}

[[gnu::noinline]] Coro<> producer(Channel& q, int n) {
    for (int i = 0; i < n; ++i) co_await q.async_send({}, i, awaited);
}
[[gnu::noinline]] Coro<> consumer(Channel& q, int n) {
    for (int i = 0; i < n; ++i) sink = sink + co_await q.async_receive(awaited);
}

void queue() {
    bench::report_ns(1'000'000, [](int items) {
        run([](int n) -> Coro<> {
            Channel q(context, 1);
            Join tasks;
            tasks.spawn(producer(q, n));
            tasks.spawn(consumer(q, n));
            co_await tasks.wait();
        }(items));
    });
}

[[gnu::noinline]] Coro<> sleeper(double seconds) {
    Timer timer(context, std::chrono::nanoseconds(static_cast<long>(seconds * 1e9)));
    co_await timer.async_wait(awaited);
}

void timers_at_once() {
    const double before = bench::resident_bytes(), start = bench::now();
    run([]() -> Coro<> {
        Join tasks;
        bench::RandomSeconds random;
        for (int i = 0; i < 1'000'000; ++i) tasks.spawn(sleeper(random.next()));
        co_await tasks.wait();
    }());
    bench::report("over_s", bench::now() - start - 1);
    bench::report("bytes", (bench::peak_bytes() - before) / 1e6);
}

[[gnu::noinline]] Coro<> waiter(Timer& event) { co_await event.async_wait(asio::as_tuple(awaited)); }

void waiting_tasks() {
    run([]() -> Coro<> {
        const double before = bench::resident_bytes();
        Timer event(context, Clock::time_point::max());
        Join tasks;
        for (int i = 0; i < 100'000; ++i) tasks.spawn(waiter(event));
        co_await yield();
        bench::report("bytes", (bench::resident_bytes() - before) / 1e5);
        event.cancel();
        co_await tasks.wait();
    }());
}

[[gnu::noinline]] Coro<> answerer(std::vector<Channel*>& asked, int n) {
    for (int i = 0; i < n; ++i) {
        while (asked.empty()) co_await yield();
        Channel* answer = asked.back();
        asked.pop_back();
        answer->try_send(boost::system::error_code(), i);
        co_await yield();
    }
}

void future() {
    bench::report_ns(1'000'000, [](int items) {
        run([](int n) -> Coro<> {
            std::vector<Channel*> asked;
            Join tasks;
            tasks.spawn(answerer(asked, n));
            for (int i = 0; i < n; ++i) {
                Channel answer(context, 1);  // the nearest to a future: room for one value
                asked.push_back(&answer);
                sink = sink + co_await answer.async_receive(awaited);
            }
            co_await tasks.wait();
        }(items));
    });
}

constexpr bench::Workload workloads[] = {
    {"A", spawn_and_join}, {"B", nested_await},   {"C1", yields_alone}, {"C1t", yields_with_a_timer},
    {"C2", queue},         {"D", timers_at_once}, {"E", waiting_tasks}, {"future", future},
};

}  // namespace

int main(int argc, char** argv) { return bench::main_of(workloads, argc, argv); }
