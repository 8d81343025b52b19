// SPDX-License-Identifier: MIT
// A task that waits by asking again and again keeps a processor busy.
#include <hocket/hocket.h>

using namespace hocket;
using namespace std::chrono_literals;

Coro<> wait_for(const bool& is_ready) {
    while (!is_ready) co_await hocket::sleep(0s);  // an Event would not ask
}

Coro<> tick() {
    for (;;) co_await hocket::sleep(10ms);
}

Coro<> amain() {
    const bool is_ready = false;
    const auto waiter = create_task(wait_for(is_ready), {.name = "waiter"});
    const auto clock = create_task(tick(), {.name = "clock"});
    co_await waiter;
}

int main() { run(amain()); }
