// SPDX-License-Identifier: MIT
// A12: four pitfalls, and what becomes of them here.
#include <hocket/hocket.h>

#include <cstdio>
#include <string_view>
#include <thread>

using namespace std::chrono_literals;

int blocking_call() {
    std::this_thread::sleep_for(500ms);
    return 42;
}

hocket::Coro<int> answer() {
    co_await hocket::sleep(10ms);
    co_return 42;
}

// 1. A blocking call stops every task: give it to a thread.
hocket::Coro<> blocking() {
    auto call = hocket::run_in_executor(blocking_call);
    int ticks = 0;
    while (!call.done()) {
        co_await hocket::sleep(50ms);
        ++ticks;
    }
    std::printf("1. the call gave %d; meanwhile the loop %s\n", co_await call, ticks >= 5 ? "went on" : "stood still");
}

// 2. A forgotten co_await: a warning of the compiler, silenced here, and a report with file and line.
hocket::Coro<> forgotten() {
    hocket::set_report_sink(
        [](std::string_view report) { std::printf("2. %.*s\n", static_cast<int>(report.size()), report.data()); });
    (void)answer();
    hocket::set_report_sink(nullptr);
    co_return;
}

// 3. Ordinary code calls `run`; where a loop runs already, `nested_run`.
int ordinary_function() { return hocket::nested_run(answer()); }

hocket::Coro<> nested() {
    std::printf("3. from ordinary code inside a running loop: %d\n", ordinary_function());
    co_return;
}

// 4. A task whose handle is dropped runs on all the same.
hocket::Coro<> background(bool& finished) {
    co_await hocket::sleep(100ms);
    finished = true;
}

hocket::Coro<> lost_task() {
    bool finished = false;
    hocket::create_task(background(finished));
    co_await hocket::sleep(200ms);
    std::printf("4. the task without a handle %s\n", finished ? "finished" : "was lost");
}

int main() {
    hocket::run(blocking());
    hocket::run(forgotten());
    std::printf("3. from ordinary code: %d\n", hocket::run(answer()));
    hocket::run(nested());
    hocket::run(lost_task());
}
