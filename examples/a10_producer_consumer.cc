// SPDX-License-Identifier: MIT
// A10: one producer, two consumers, a queue of five, and a sentinel that each consumer passes on.
#include <hocket/hocket.h>

#include <cstdio>
#include <optional>
#include <string>

using namespace std::chrono_literals;

using Items = hocket::Queue<std::optional<std::string>>;  // nullopt: there is no more

hocket::Coro<> producer(Items& queue) {
    for (int i = 0; i < 10; ++i) {
        co_await queue.put("item-" + std::to_string(i));
        co_await hocket::sleep(100ms);
    }
    co_await queue.put(std::nullopt);
}

hocket::Coro<> consumer(Items& queue, std::string name) {
    while (auto item = co_await queue.get()) {
        std::printf("%s processed %s\n", name.c_str(), item->c_str());
        co_await hocket::sleep(200ms);
    }
    co_await queue.put(std::nullopt);
}

hocket::Coro<> amain() {
    Items queue(5);
    co_await hocket::gather(producer(queue), consumer(queue, "worker-1"), consumer(queue, "worker-2"));
    std::printf("left in the queue: %zu\n", queue.qsize());
}

int main() { hocket::run(amain()); }
