// SPDX-License-Identifier: MIT
// B11: an asynchronous iterator: anything whose `next()` can be awaited for an optional value. A generator is the shortest.
#include <hocket/hocket.h>

#include <cstdio>

using namespace std::chrono_literals;

hocket::AsyncGenerator<int> async_range(int start, int end) {
    for (int i = start; i < end; ++i) {
        co_await hocket::sleep(100ms);
        co_yield i;
    }
}

hocket::Coro<> amain() {
    auto numbers = async_range(0, 5);
    while (auto number = co_await numbers.next()) std::printf("%d\n", *number);
}

int main() { hocket::run(amain()); }
