// SPDX-License-Identifier: MIT
// D3: three countdowns with gather, their results in order.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

hocket::Coro<std::string> countdown(std::string name, int seconds) {
    std::printf("%s started\n", name.c_str());
    co_await hocket::sleep(std::chrono::seconds(seconds));
    std::printf("%s finished\n", name.c_str());
    co_return name + " done";
}

hocket::Coro<> amain() {
    auto [a, b, c] = co_await hocket::gather(countdown("Task 1", 3), countdown("Task 2", 1), countdown("Task 3", 2));
    std::printf("Results: %s, %s, %s\n", a.c_str(), b.c_str(), c.c_str());
}

int main() { hocket::run(amain()); }
