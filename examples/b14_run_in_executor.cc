// SPDX-License-Identifier: MIT
// B14: a blocking operation in a thread, while the loop lives on.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <thread>

using namespace std::chrono_literals;

std::string blocking_operation() {
    std::this_thread::sleep_for(2s);
    return "Blocking result";
}

hocket::Coro<> heartbeat() {
    for (int i = 1;; ++i) {
        co_await hocket::sleep(600ms);
        std::printf("the loop is alive: %d\n", i);
    }
}

hocket::Coro<> amain() {
    auto beat = hocket::create_task(heartbeat());
    const std::string result = co_await hocket::run_in_executor(blocking_operation);
    beat.cancel();
    std::printf("Result: %s\n", result.c_str());
}

int main() { hocket::run(amain()); }
