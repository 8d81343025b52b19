// SPDX-License-Identifier: MIT
// Values one at a time, with awaits between them: a generator,
// an iterator, and a generator that is closed midway.
#include <hocket/hocket.h>

#include <cstdio>
#include <optional>
#include <string>

using hocket::AsyncGenerator, hocket::Coro, hocket::aclosing;
using namespace std::chrono_literals;

AsyncGenerator<int> readings(std::string sensor) {
    std::exception_ptr ended;
    try {
        for (int degrees : {20, 21, 23, 28}) {
            co_await hocket::sleep(1ms);
            co_yield degrees;
        }
    } catch (...) {
        ended = std::current_exception();
    }
    co_await hocket::sleep(1ms);
    std::printf("%s is off\n", sensor.c_str());
    if (ended) std::rethrow_exception(ended);
}

struct Countdown {
    int left;

    Coro<std::optional<int>> next() {
        if (left == 0) co_return std::nullopt;
        co_await hocket::sleep(1ms);
        co_return left--;
    }
};

Coro<> amain() {
    Countdown countdown{3};
    while (auto number = co_await countdown.next())
        std::printf("%d\n", *number);

    auto cellar = readings("cellar");
    while (auto degrees = co_await cellar.next())
        std::printf("cellar: %d\n", *degrees);

    co_await with(aclosing(readings("attic")), [](auto& attic) -> Coro<> {
        while (auto degrees = co_await attic.next()) {
            std::printf("attic: %d\n", *degrees);
            if (*degrees > 20) {
                std::printf("too warm\n");
                break;
            }
        }
    });
}

int main() { hocket::run(amain()); }
