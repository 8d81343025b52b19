// SPDX-License-Identifier: MIT
// C2: a coroutine object does nothing by itself.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

hocket::Coro<std::string> fetch_data() {
    std::printf("running\n");
    co_return "data";
}

hocket::Coro<> amain() {
    auto coro = fetch_data();
    std::printf("made\n");
    const std::string result = co_await std::move(coro);
    std::printf("%s\n", result.c_str());
}

int main() { hocket::run(amain()); }
