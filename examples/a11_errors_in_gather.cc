// SPDX-License-Identifier: MIT
// A11: an error among the results of gather, in its place.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <vector>

hocket::Coro<std::string> risky_task(int n) {
    if (n == 2) throw hocket::ValueError("Error in task 2");
    co_return "result-" + std::to_string(n);
}

hocket::Coro<> amain() {
    std::vector<hocket::Coro<std::string>> tasks;
    for (int n = 1; n <= 3; ++n) tasks.push_back(risky_task(n));

    for (const auto& result : co_await hocket::gather(hocket::settle, std::move(tasks))) {
        if (result.ok()) {
            std::printf("OK: %s\n", result->c_str());
        } else {
            std::printf("Error: %s\n", result.error().c_str());
        }
    }
}

int main() { hocket::run(amain()); }
