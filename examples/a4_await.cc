// SPDX-License-Identifier: MIT
// A4: while one task awaits, the others run.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

hocket::Coro<std::string> fetch_data(std::string url) {
    co_await hocket::sleep(1s);
    co_return "data from " + url;
}

hocket::Coro<> process() {
    const std::string data = co_await fetch_data("api/users");
    std::printf("process: %s\n", data.c_str());
}

hocket::Coro<> tick() {
    for (int i = 1; i <= 4; ++i) {
        std::printf("tick %d\n", i);
        co_await hocket::sleep(300ms);
    }
}

hocket::Coro<> amain() {
    auto ticking = hocket::create_task(tick());
    co_await process();
    co_await ticking;
}

int main() { hocket::run(amain()); }
