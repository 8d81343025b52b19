// SPDX-License-Identifier: MIT
// The program of a user who has installed hocket.
#include <hocket/hocket.h>

#include <cstdio>

hocket::Coro<int> half() { co_return 21; }

hocket::Coro<int> amain() {
    auto [a, b] = co_await hocket::gather(half(), half());
    co_return a + b;
}

int main() { std::printf("%d\n", hocket::run(amain())); }
