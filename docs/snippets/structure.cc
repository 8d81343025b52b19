// SPDX-License-Identifier: MIT
// The programs of docs/structure.md: task groups, clean-up, generators, other libraries' awaitables.

#include <hocket/base/exception_group.h>
#include <hocket/core/sleep.h>
#include <hocket/core/task.h>
#include <hocket/flow/adapt.h>
#include <hocket/flow/async_exit_stack.h>
#include <hocket/flow/async_generator.h>
#include <hocket/flow/generator.h>
#include <hocket/flow/task_group.h>
#include <hocket/flow/with.h>
#include <hocket/io/runner.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

using namespace hocket;
using namespace std::chrono_literals;

Coro<int> length(std::string page) {
    co_await hocket::sleep(1ms);
    if (page.empty()) throw ValueError("a page without a name");
    co_return static_cast<int>(page.size());
}

// [group]
Coro<int> total() {
    Task<int> users, posts;
    co_await task_group([&](TaskGroup& group) -> Coro<> {
        users = group.create_task(length("users"));
        posts = group.create_task(length("posts"));
        co_return;
    });
    co_return users.result() + posts.result();  // both are done here
}
// [/group]

// [errors]
Coro<> report_errors() {
    try {
        co_await task_group([](TaskGroup& group) -> Coro<> {
            group.create_task(length("users"));
            group.create_task(length(""));
            co_await hocket::sleep(1h);  // is cancelled when the second task fails
        });
    } catch (const ExceptionGroup& errors) {
        std::printf("%s\n", errors.what());
        if (auto values = errors.subgroup<ValueError>()) {
            for (const std::exception_ptr& e : values->exceptions()) std::printf("- %s\n", describe(e).c_str());
        }
    }
}
// [/errors]

// [resource]
struct Connection {
    std::string name;

    Coro<Connection&> aenter() {
        co_await hocket::sleep(1ms);
        std::printf("open %s\n", name.c_str());
        co_return *this;
    }
    Coro<> aexit(std::exception_ptr) {
        co_await hocket::sleep(1ms);
        std::printf("close %s\n", name.c_str());
    }
    Coro<int> query() { co_return 42; }
};
// [/resource]

// [with]
Coro<> use_connection() {
    const int answer =
        co_await with(Connection{"db"}, [](Connection& db) -> Coro<int> { co_return co_await db.query(); });
    std::printf("the answer is %d\n", answer);
}
// [/with]

// [stack]
Coro<> use_many(std::vector<std::string> names) {
    co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<> {
        stack.callback([] { std::printf("all are closed\n"); });
        for (const std::string& name : names) co_await stack.enter_async_context(Connection{name});
    });
}
// [/stack]

// [generator]
Generator<int> countdown(int n) {
    for (; n > 0; --n) co_yield n;
}

Generator<double, double> average() {
    double sum = 0;
    for (int n = 0;; ++n) sum += co_yield n == 0 ? 0 : sum / n;
}

void pull() {
    for (const int n : countdown(3)) std::printf("%d ", n);
    auto averages = average();
    averages.next();  // to its first co_yield
    std::printf("%g ", averages.send(10).value());
    std::printf("%g\n", averages.send(20).value());
}
// [/generator]

// [async-generator]
AsyncGenerator<std::string> lines(Connection& connection) {
    for (int i = 1; i <= 2; ++i) {
        co_await hocket::sleep(1ms);
        co_yield connection.name + " line " + std::to_string(i);
    }
}

Coro<> read_lines() {
    Connection connection{"log"};
    auto all = lines(connection);
    while (auto line = co_await all.next()) std::printf("%s\n", line->c_str());
}
// [/async-generator]

// [aclose]
AsyncGenerator<int> ticks() {
    std::exception_ptr ended;
    try {
        for (int i = 0;; ++i) co_yield i;
    } catch (const GeneratorExit&) {
        ended = std::current_exception();
    }
    co_await hocket::sleep(1ms);  // C++ cannot await inside the handler
    std::printf("ticks are cleaned up\n");
    std::rethrow_exception(ended);
}

Coro<> first_tick() {
    auto all = ticks();
    co_await all.next();
    co_await all.aclose();
}
// [/aclose]

// [adapt]
struct Computation {  // another library's: resumes whoever waits on its own thread
    std::thread& worker;
    int result = 0;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
        worker = std::thread([this, waiter] {
            result = 6 * 7;
            waiter.resume();
        });
    }
    int await_resume() const noexcept { return result; }
};

Coro<> compute() {
    std::thread worker;
    const int result = co_await adapt(Computation{worker});  // goes on in the loop, on its thread
    std::printf("computed %d\n", result);
    worker.join();
}
// [/adapt]

Coro<> amain() {
    std::printf("%d characters\n", co_await total());
    co_await report_errors();
    co_await use_connection();
    co_await use_many({"a", "b"});
    pull();
    co_await read_lines();
    co_await first_tick();
    co_await compute();
}

int main() { run(amain()); }
