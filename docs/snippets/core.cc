// SPDX-License-Identifier: MIT
// The programs of docs/core.md: coroutines, tasks, futures, callbacks, context variables, runs, signals.

#include <hocket/hocket.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
using namespace hocket;
using namespace std::chrono_literals;

// [coroutine]
Coro<int> add(int a, int b) {
    co_await hocket::sleep(1ms);
    co_return a + b;
}

Coro<int> add_three(int a, int b, int c) {
    const int sum = co_await add(a, b);  // runs here, inside this task
    co_return co_await add(sum, c);
}

void from_ordinary_code() {
    Coro<int> coro = add_three(1, 2, 3);  // nothing has run yet
    std::printf("the sum is %d\n", run(std::move(coro)));
}
// [/coroutine]

// [task]
Coro<std::string> greet(std::string name) {
    co_await hocket::sleep(1ms);
    co_return "hello, " + name;
}

Coro<> in_the_background() {
    Task<std::string> anna = create_task(greet("Anna"), {.name = "for Anna"});
    Task<std::string> bert = create_task(greet, "Bert");  // a function and its arguments
    std::printf("%s is %s\n", anna.get_name().c_str(), anna.done() ? "done" : "not done");
    const std::string& greeting = co_await anna;         // the task keeps its result
    const std::string moved = co_await std::move(bert);  // this takes it out
    std::printf("%s; %s\n", greeting.c_str(), moved.c_str());
}
// [/task]

// [lambda]
Coro<> count_to(int end) {
    int sum = 0;
    const Task<> task = create_task([&sum, end]() -> Coro<> {  // the lambda moves into the task's frame
        for (int i = 1; i <= end; ++i) {
            sum += i;
            co_await hocket::sleep(0);
        }
    });
    co_await task;
    std::printf("up to %d: %d\n", end, sum);
}
// [/lambda]

// [cancel]
Coro<> keep_shop() {
    try {
        co_await hocket::sleep(8h);
    } catch (const CancelledError& cancelled) {
        std::printf("cleaning up: %s\n", std::string(cancelled.message()).c_str());
        throw;  // pass it on
    }
}

Coro<> close_shop() {
    const Task<> shop = create_task(keep_shop());
    co_await hocket::sleep(1ms);
    shop.cancel("it is late");
    try {
        co_await shop;
    } catch (const CancelledError&) {
        std::printf("closed\n");
    }
}
// [/cancel]

// [uncancel]
Coro<> think_again() {
    const Task<int> task = create_task(add(2, 2));
    task.cancel();
    std::printf("%u cancel, ", task.cancelling());
    task.uncancel();  // the task has not seen it yet, so it never will
    std::printf("then %u: %d\n", task.cancelling(), co_await task);
}
// [/uncancel]

// [future]
Coro<> ask() {
    const Future<int> answer;
    get_running_loop().call_later(1ms, [answer] { answer.set_result(42); });
    std::printf("the answer is %d\n", co_await answer);
}
// [/future]

// [done]
Coro<> when_done() {
    const Task<int> task = create_task(add(20, 3));
    task.add_done_callback([](const Task<int>& done) { std::printf("done: %d\n", done.result()); });
    co_await task;
    co_await hocket::sleep(0);  // callbacks run in the next iteration, never inside a call
}
// [/done]

// [callbacks]
Coro<> callbacks() {
    EventLoop& loop = get_running_loop();
    loop.call_later(2ms, [] { std::printf("late\n"); });
    loop.call_soon([] { std::printf("soon\n"); });
    Handle never = loop.call_at(loop.time() + 1ms, [] { std::printf("never\n"); });
    never.cancel();
    co_await hocket::sleep(5ms);
}
// [/callbacks]

// [context]
ContextVar<std::string> request("request", "none");

Coro<> log(const char* what) {
    std::printf("[%s] %s\n", request.get().c_str(), what);
    co_return;
}

Coro<> handle(std::string id) {
    request.set(id);  // seen by this task and what it calls and creates
    co_await log("begins");
    co_await create_task(log("is in a task of its own"));
}

Coro<> serve() {
    co_await gather(handle("7"), handle("8"));
    co_await log("is over");
}
// [/context]

// [runner]
void several_runs() {
    Runner runner;
    Task<int> task;
    runner.run([](Task<int>& made) -> Coro<> {
        made = create_task(add(3, 4));
        co_return;
    }(task));
    runner.run([](Task<int>& made) -> Coro<> { std::printf("from the run before: %d\n", co_await made); }(task));
}
// [/runner]

// [nested]
int ordinary_code() { return nested_run(add(5, 6)); }

Coro<> calls_ordinary_code() {
    std::printf("nested: %d\n", ordinary_code());
    co_return;
}
// [/nested]

// [signal]
Coro<> until_told_to_stop() {
    EventLoop& loop = get_running_loop();
    Event stop;
    add_signal_handler(loop, SIGTERM, [&stop] { stop.set(); });
    loop.call_later(1ms, [] { std::raise(SIGTERM); });  // as `kill` does from outside
    co_await stop.wait();
    remove_signal_handler(loop, SIGTERM);
    std::printf("stopped in good order\n");
}
// [/signal]

// [eager]
Coro<int> cached() { co_return 1; }

Coro<> eagerly() {
    const Task<int> task = create_task(cached(), {.eager_start = true});  // runs up to its first wait now
    std::printf("%s\n", task.done() ? "done at once" : "not done");
    co_return;
}
// [/eager]

int main() {
    from_ordinary_code();
    run(in_the_background());
    run(count_to(10));
    run(close_shop());
    run(think_again());
    run(ask());
    run(when_done());
    run(callbacks());
    run(serve());
    several_runs();
    run(calls_ordinary_code());
    run(until_told_to_stop());
    run(eagerly());
}
