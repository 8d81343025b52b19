// SPDX-License-Identifier: MIT
// B11: an asynchronous iterator: anything whose `next()` can be awaited, and gives nothing at the end.
#include <hocket/hocket.h>

#include <cstdio>
#include <optional>

using namespace std::chrono_literals;

class AsyncRange {
public:
    AsyncRange(int start, int end) : current_(start), end_(end) {}

    hocket::Coro<std::optional<int>> next() {
        if (current_ >= end_) co_return std::nullopt;
        co_await hocket::sleep(100ms);
        co_return current_++;
    }

private:
    int current_, end_;
};

// The same as a generator.
hocket::AsyncGenerator<int> async_range(int start, int end) {
    for (int i = start; i < end; ++i) {
        co_await hocket::sleep(100ms);
        co_yield i;
    }
}

hocket::Coro<> amain() {
    AsyncRange range(0, 5);
    while (auto number = co_await range.next()) std::printf("%d\n", *number);

    auto numbers = async_range(0, 5);
    while (auto number = co_await numbers.next()) std::printf("generated %d\n", *number);
}

int main() { hocket::run(amain()); }
