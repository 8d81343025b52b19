// SPDX-License-Identifier: MIT
// C4: four ways to run several coroutines: gather, tasks, wait, as_completed.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

hocket::Coro<std::string> fetch(int id) {
    co_await hocket::sleep(100ms * (4 - id));
    co_return "Result " + std::to_string(id);
}

hocket::Coro<> with_gather() {
    auto [a, b, c] = co_await hocket::gather(fetch(1), fetch(2), fetch(3));
    std::printf("gather: %s, %s, %s\n", a.c_str(), b.c_str(), c.c_str());
}

hocket::Coro<> with_tasks() {
    auto a = hocket::create_task(fetch(1)), b = hocket::create_task(fetch(2)), c = hocket::create_task(fetch(3));
    std::printf("tasks: %s", (co_await a).c_str());
    std::printf(", %s", (co_await b).c_str());
    std::printf(", %s\n", (co_await c).c_str());
}

std::vector<hocket::Task<std::string>> three_tasks() {
    std::vector<hocket::Task<std::string>> tasks;
    for (int id = 1; id <= 3; ++id) tasks.push_back(hocket::create_task(fetch(id)));
    return tasks;
}

hocket::Coro<> with_wait() {
    auto tasks = three_tasks();
    auto first = co_await hocket::wait(tasks, {.return_when = hocket::FIRST_COMPLETED});
    std::printf("wait: %zu done, %zu pending", first.done.size(), first.pending.size());
    auto all = co_await hocket::wait(tasks);
    std::printf("; then %zu done, %zu pending\n", all.done.size(), all.pending.size());
}

hocket::Coro<> with_as_completed() {
    std::printf("as_completed:");
    auto completed = hocket::as_completed(three_tasks());
    while (auto task = co_await completed.next()) std::printf(" %s", (co_await *task).c_str());
    std::printf("\n");
}

hocket::Coro<> amain() {
    co_await with_gather();
    co_await with_tasks();
    co_await with_wait();
    co_await with_as_completed();
}

int main() { hocket::run(amain()); }
