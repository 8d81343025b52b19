// SPDX-License-Identifier: MIT
// B5: a task in the background, cancelled when the main work is done.
#include <hocket/hocket.h>

#include <cstdio>

using namespace std::chrono_literals;

hocket::Coro<> background_task() {
    while (true) {
        std::printf("Background task running...\n");
        co_await hocket::sleep(2s);
    }
}

hocket::Coro<> amain() {
    auto task = hocket::create_task(background_task());

    for (int i = 0; i < 5; ++i) {
        std::printf("Main work: %d\n", i);
        co_await hocket::sleep(1s);
    }

    task.cancel();
    try {
        co_await task;
    } catch (const hocket::CancelledError&) {
        std::printf("Background task cancelled\n");
    }
}

int main() { hocket::run(amain()); }
