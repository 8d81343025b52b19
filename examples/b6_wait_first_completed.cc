// SPDX-License-Identifier: MIT
// B6: wait for the first of three tasks, and cancel the others.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <vector>

hocket::Coro<std::string> work(std::string name, int seconds) {
    co_await hocket::sleep(std::chrono::seconds(seconds));
    co_return name + " completed";
}

hocket::Coro<> amain() {
    const std::vector tasks = {
        hocket::create_task(work("A", 1), {.name = "A"}),
        hocket::create_task(work("B", 2), {.name = "B"}),
        hocket::create_task(work("C", 3), {.name = "C"}),
    };

    auto [done, pending] = co_await hocket::wait(tasks, {.return_when = hocket::FIRST_COMPLETED});

    std::printf("First completed: %s\n", done.front().result().c_str());
    std::printf("Still pending: %zu\n", pending.size());

    for (const auto& task : pending) task.cancel();
    co_await hocket::wait(pending);
    for (const auto& task : pending)
        std::printf("%s: %s\n", task.get_name().c_str(), task.cancelled() ? "cancelled" : "done");
}

int main() { hocket::run(amain()); }
