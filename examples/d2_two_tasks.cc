// SPDX-License-Identifier: MIT
// D2: two tasks; the shorter ends first.
#include <hocket/hocket.h>

#include <cstdio>

using namespace std::chrono_literals;

hocket::Coro<> foo() {
    co_await hocket::sleep(2s);
    std::printf("Foo finished!\n");
}

hocket::Coro<> bar() {
    co_await hocket::sleep(1s);
    std::printf("Bar finished!\n");
}

hocket::Coro<> amain() {
    auto task1 = hocket::create_task(foo());
    auto task2 = hocket::create_task(bar());
    std::printf("Tasks started...\n");
    co_await task1;
    co_await task2;
}

int main() { hocket::run(amain()); }
