// SPDX-License-Identifier: MIT
// D8: a producer, a consumer, and the queue's join.
#include <hocket/hocket.h>

#include <cstdio>
#include <random>

using namespace std::chrono_literals;

hocket::Coro<> producer(hocket::Queue<int>& queue) {
    std::mt19937 dice(5);
    for (int i = 0; i < 5; ++i) {
        const int item = std::uniform_int_distribution(1, 100)(dice);
        co_await queue.put(item);
        std::printf("Produced: %d\n", item);
        co_await hocket::sleep(1s);
    }
}

hocket::Coro<> consumer(hocket::Queue<int>& queue) {
    while (true) {
        const int item = co_await queue.get();
        std::printf("Consumed: %d\n", item);
        queue.task_done();
    }
}

hocket::Coro<> amain() {
    hocket::Queue<int> queue;
    auto producing = hocket::create_task(producer(queue));
    auto consuming = hocket::create_task(consumer(queue));
    co_await producing;
    co_await queue.join();
    consuming.cancel();
    std::printf("All items consumed\n");
}

int main() { hocket::run(amain()); }
