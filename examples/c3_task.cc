// SPDX-License-Identifier: MIT
// C3: a task starts as soon as the loop gets control.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

hocket::Coro<std::string> fetch(int id) {
    std::printf("fetch %d started\n", id);
    co_await hocket::sleep(1s);
    co_return "Result " + std::to_string(id);
}

hocket::Coro<> amain() {
    auto task = hocket::create_task(fetch(1));
    std::printf("Task is made...\n");
    const std::string result = co_await task;
    std::printf("%s\n", result.c_str());
}

int main() { hocket::run(amain()); }
