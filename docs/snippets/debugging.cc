// SPDX-License-Identifier: MIT
// The programs of docs/debugging.md: reports of what goes wrong, and looking at what waits.

#include <hocket/hocket.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
using namespace hocket;
using namespace std::chrono_literals;

// [slow]
Coro<> crunch() {
    std::this_thread::sleep_for(200ms);  // stands for a long computation
    co_return;
}

Coro<> compute() { co_await create_task(crunch(), {.name = "cruncher"}); }

void look_for_slow_steps() { run(compute(), {.debug = true}); }
// [/slow]

// [sink]
void reports_to_standard_output() {
    set_report_sink(
        [](std::string_view text) { std::printf("report: %.*s\n", static_cast<int>(text.size()), text.data()); });
}
// [/sink]

// [awaited]
Coro<int> fetch(int page) { co_return page; }

Coro<> forget_to_await() {
    auto forgotten = fetch(1);
    co_return;
}
// [/awaited]

// [retrieved]
Coro<> fail() {
    throw std::runtime_error("no such page");
    co_return;
}

Coro<> forget_to_look() {
    create_task(fail(), {.name = "reader"});
    co_await hocket::sleep(1ms);
}
// [/retrieved]

// [handler]
Coro<> count_errors() {
    int errors = 0;
    EventLoop& loop = get_running_loop();
    loop.set_exception_handler([&errors](EventLoop& where, const ErrorContext& error) {
        ++errors;
        where.default_exception_handler(error);  // the report, as without a handler
    });
    loop.call_soon([] { throw std::runtime_error("out of paper"); });
    co_await hocket::sleep(1ms);
    loop.set_exception_handler({});
    std::printf("%d error\n", errors);
}
// [/handler]

// [graph]
Coro<> read(Event& data) { co_await data.wait(); }
Coro<> parse(Event& data) { co_await read(data); }
Coro<> join(Task<> task) { co_await task; }

Coro<> who_waits() {
    Event data;
    const Task<> parser = create_task(parse(data), {.name = "parser"});
    const Task<> boss = create_task(join(parser), {.name = "boss"});
    co_await hocket::sleep(1ms);
    std::printf("%s\n\n", format_call_graph(get_running_loop()).c_str());
    print_call_graph(parser, {.limit = 1});
    data.set();
    co_await boss;
}

Coro<> look() { co_await who_waits(); }
// [/graph]

int main() {
    look_for_slow_steps();
    reports_to_standard_output();
    run(forget_to_await());
    run(forget_to_look());
    run(count_errors());
    run(look());
    set_report_sink({});
}
