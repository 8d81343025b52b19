// SPDX-License-Identifier: MIT
// D7: an operation of five seconds, given two.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

hocket::Coro<std::string> slow_operation() {
    co_await hocket::sleep(5s);
    co_return "Done";
}

hocket::Coro<> amain() {
    const Stopwatch watch;
    try {
        std::printf("%s\n", (co_await hocket::wait_for(slow_operation(), 2s)).c_str());
    } catch (const hocket::TimeoutError&) {
        std::printf("Operation timed out after %.1fs!\n", watch.seconds());
    }
}

int main() { hocket::run(amain()); }
