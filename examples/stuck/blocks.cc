// SPDX-License-Identifier: MIT
// A call that blocks: while one task is in it, no other runs.
#include <hocket/hocket.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

using namespace hocket;
using namespace std::chrono_literals;

std::string read_page() {
    std::this_thread::sleep_for(1h);  // stands for a library that waits for its server
    return "a page";
}

Coro<> handle() {
    co_await hocket::sleep(10ms);
    std::printf("%s\n", read_page().c_str());
}

Coro<> serve() {
    for (;;) co_await handle();
}

Coro<> tick() {
    for (;;) co_await hocket::sleep(60s);
}

Coro<> amain() {
    const auto clock = create_task(tick(), {.name = "clock"});
    co_await create_task(serve(), {.name = "server"});
}

int main() { run(amain()); }
