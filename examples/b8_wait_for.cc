// SPDX-License-Identifier: MIT
// B8: a limit of two seconds on an operation of ten.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

hocket::Coro<std::string> slow_operation() {
    co_await hocket::sleep(10s);
    co_return "Done";
}

hocket::Coro<> amain() {
    try {
        const std::string result = co_await hocket::wait_for(slow_operation(), 2s);
        std::printf("%s\n", result.c_str());
    } catch (const hocket::TimeoutError&) {
        std::printf("Operation timed out!\n");
    }
}

int main() { hocket::run(amain()); }
