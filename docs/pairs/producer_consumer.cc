// SPDX-License-Identifier: MIT
// One producer, two consumers, a queue with room for two jobs, and
// a sentinel that ends the day.
#include <hocket/hocket.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

using hocket::Coro, hocket::Task;
using Jobs = hocket::Queue<std::optional<int>>;

Coro<> consume(const char* name, Jobs& queue) {
    while (auto job = co_await queue.get()) {
        std::printf("%s does job %d\n", name, *job);
        co_await hocket::sleep(0);
        queue.task_done();
    }
    std::printf("%s goes home\n", name);
    queue.task_done();
    co_await queue.put(std::nullopt);  // for the next one
}

Coro<> amain() {
    Jobs queue(2);
    std::vector<Task<>> consumers = {
        hocket::create_task(consume("Anna", queue)),
        hocket::create_task(consume("Bert", queue)),
    };
    for (int job = 1; job < 7; ++job)
        co_await queue.put(job);  // waits while the queue is full
    co_await queue.join();
    std::printf("all jobs are done\n");

    co_await queue.put(std::nullopt);
    co_await hocket::gather(consumers);
    std::printf("left in the queue: %zu\n", queue.qsize());
}

int main() { hocket::run(amain()); }
