// SPDX-License-Identifier: MIT
// Time limits: of one call, of a block, and work that goes on all the same.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using hocket::Coro, hocket::Duration, hocket::Timeout;
using namespace std::chrono_literals;

Coro<std::string> answer(std::string question, Duration takes) {
    co_await hocket::sleep(takes);
    co_return question + ": 42";
}

Coro<> amain() {
    try {
        co_await hocket::wait_for(answer("why", 1h), 10ms);
    } catch (const hocket::TimeoutError&) {
        std::printf("no answer in time\n");
    }

    Timeout limit;
    try {
        co_await hocket::timeout(5s, [&](Timeout& running) -> Coro<> {
            limit = running;
            std::printf("%s\n", (co_await answer("first", 10ms)).c_str());
            auto& loop = hocket::get_running_loop();
            limit.reschedule(loop.time() + 10ms);
            std::printf("%s\n", (co_await answer("second", 1h)).c_str());
        });
    } catch (const hocket::TimeoutError&) {
        std::puts(limit.expired() ? "no second answer" : "?");
    }

    auto saving = hocket::create_task(answer("saved", 50ms));
    try {
        co_await hocket::wait_for(hocket::shield(saving), 1ms);
    } catch (const hocket::TimeoutError&) {
        std::printf("still saving\n");
    }
    std::printf("%s\n", (co_await saving).c_str());
}

int main() { hocket::run(amain()); }
