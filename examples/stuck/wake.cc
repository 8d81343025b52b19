// SPDX-License-Identifier: MIT
// A wake that is lost: it comes before anybody waits for it.
#include <hocket/hocket.h>

using namespace hocket;
using namespace std::chrono_literals;

Coro<> consume(Event& there_is_work) {
    co_await hocket::sleep(20ms);  // reads its configuration
    co_await there_is_work.wait();
}

Coro<> amain() {
    Event there_is_work;
    const auto consumer = create_task(consume(there_is_work), {.name = "consumer"});
    co_await hocket::sleep(10ms);
    there_is_work.set();
    there_is_work.clear();  // those that wait have been woken: nobody has
    co_await consumer;
}

int main() { run(amain()); }
