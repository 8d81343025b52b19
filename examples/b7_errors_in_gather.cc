// SPDX-License-Identifier: MIT
// B7: gather throws the first error, while the other tasks run on; with `settle` it returns errors as results.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

hocket::Coro<std::string> might_fail(int n) {
    co_await hocket::sleep(100ms * n);
    if (n == 2) throw hocket::ValueError("Task 2 failed!");
    if (n == 3) std::printf("Task 3 went on after the error\n");
    co_return "Task " + std::to_string(n) + " succeeded";
}

std::vector<hocket::Coro<std::string>> three() {
    std::vector<hocket::Coro<std::string>> tasks;
    for (int n = 1; n <= 3; ++n) tasks.push_back(might_fail(n));
    return tasks;
}

hocket::Coro<> amain() {
    try {
        co_await hocket::gather(three());
    } catch (const hocket::ValueError& error) {
        std::printf("Error: %s\n", error.what());
    }
    co_await hocket::sleep(200ms);

    int n = 0;
    for (const auto& result : co_await hocket::gather(hocket::settle, three())) {
        ++n;
        if (result.ok()) {
            std::printf("Task %d: %s\n", n, result->c_str());
        } else {
            std::printf("Task %d failed: %s\n", n, result.error().c_str());
        }
    }
}

int main() { hocket::run(amain()); }
