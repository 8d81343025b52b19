// SPDX-License-Identifier: MIT
// A3: calling a coroutine function runs nothing; `run` does, or an await (A4).
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

hocket::Coro<std::string> greet(std::string name) {
    std::printf("greeting %s\n", name.c_str());
    co_return "Hello, " + name;
}

int main() {
    auto coro = greet("Alice");
    std::printf("called, nothing printed yet\n");
    const std::string result = hocket::run(std::move(coro));
    std::printf("%s\n", result.c_str());
}
