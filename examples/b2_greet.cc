// SPDX-License-Identifier: MIT
// B2: a coroutine with a wait inside, and its result.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

hocket::Coro<std::string> greet(std::string name) {
    std::printf("Hello, %s!\n", name.c_str());
    co_await hocket::sleep(1s);
    std::printf("Goodbye, %s!\n", name.c_str());
    co_return "Greeted " + name;
}

int main() {
    const std::string result = hocket::run(greet("Alice"));
    std::printf("%s\n", result.c_str());
}
