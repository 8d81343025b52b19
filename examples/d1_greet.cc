// SPDX-License-Identifier: MIT
// D1: hello, one second, world.
#include <hocket/hocket.h>

#include <cstdio>

using namespace std::chrono_literals;

hocket::Coro<> greet() {
    std::printf("Hello...\n");
    co_await hocket::sleep(1s);
    std::printf("World!\n");
}

int main() { hocket::run(greet()); }
