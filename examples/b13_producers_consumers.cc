// SPDX-License-Identifier: MIT
// B13: two producers, three consumers, and a queue that says when all its items are done.
#include <hocket/hocket.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

using Items = hocket::Queue<std::string>;

auto milliseconds(std::mt19937& dice, int low, int high) {
    return std::chrono::milliseconds(std::uniform_int_distribution(low, high)(dice));
}

hocket::Coro<> producer(Items& queue, std::string name) {
    std::mt19937 dice(2026);
    for (int i = 0; i < 5; ++i) {
        const std::string item = name + "-item-" + std::to_string(i);
        co_await queue.put(item);
        std::printf("Produced: %s\n", item.c_str());
        co_await hocket::sleep(milliseconds(dice, 100, 500));
    }
}

hocket::Coro<> consumer(Items& queue, std::string name) {
    std::mt19937 dice(2026);
    while (true) {
        const std::string item = co_await queue.get();
        std::printf("%s consuming: %s\n", name.c_str(), item.c_str());
        co_await hocket::sleep(milliseconds(dice, 200, 600));
        queue.task_done();
    }
}

hocket::Coro<> amain() {
    Items queue;
    std::vector<hocket::Task<>> producers, consumers;
    for (int i = 0; i < 2; ++i)
        producers.push_back(hocket::create_task(producer(queue, "Producer-" + std::to_string(i))));
    for (int i = 0; i < 3; ++i)
        consumers.push_back(hocket::create_task(consumer(queue, "Consumer-" + std::to_string(i))));

    co_await hocket::gather(producers);
    co_await queue.join();
    for (const auto& task : consumers) task.cancel();
    co_await hocket::gather(hocket::settle, consumers);
    std::printf("All items processed\n");
}

int main() { hocket::run(amain()); }
