// SPDX-License-Identifier: MIT
// Functions that block, on threads, while the loop goes on.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <thread>

using hocket::Coro, hocket::ThreadPoolExecutor;
using namespace std::chrono_literals;

// An ordinary function that blocks its thread.
std::string look_up(std::string name) {
    std::this_thread::sleep_for(20ms);
    if (name.empty()) throw hocket::ValueError("nobody has no name");
    return "number of " + name;
}

struct Clock {
    int ticks = 0;
};

Coro<> tick(Clock& clock) {
    while (true) {
        ++clock.ticks;
        co_await hocket::sleep(1ms);
    }
}

Coro<> amain() {
    Clock clock;
    auto ticker = hocket::create_task(tick(clock));
    const std::string anna = co_await hocket::to_thread(look_up, "Anna");
    std::printf("%s\n", anna.c_str());
    std::puts(clock.ticks > 1 ? "it ticked on" : "it stood still");
    ticker.cancel();

    {
        ThreadPoolExecutor pool({.max_workers = 2});
        // These begin now.
        auto bert = hocket::run_in_executor(pool, look_up, "Bert");
        auto carla = hocket::run_in_executor(pool, look_up, "Carla");
        std::printf("%s and %s\n", (co_await bert).c_str(),
                    (co_await carla).c_str());
    }

    try {
        co_await hocket::run_in_executor(look_up, "");
    } catch (const hocket::ValueError& error) {
        std::printf("%s\n", error.what());
    }
}

int main() { hocket::run(amain()); }
