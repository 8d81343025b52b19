// SPDX-License-Identifier: MIT
// D6: an error that a coroutine handles itself.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <cstdio>
#include <optional>
#include <stdexcept>

using namespace std::chrono_literals;

double divide(double x, double y) {
    if (y == 0) throw std::domain_error("division by zero");
    return x / y;
}

hocket::Coro<std::optional<double>> risky_divide(double x, double y) {
    try {
        co_await hocket::sleep(1s);
        co_return divide(x, y);
    } catch (const std::domain_error&) {
        std::printf("Division by zero!\n");
        co_return std::nullopt;
    }
}

hocket::Coro<> amain() {
    const Stopwatch watch;
    auto [a, b] = co_await hocket::gather(risky_divide(10, 2), risky_divide(10, 0));
    std::printf("Results: %.1f, %s, in %.1fs\n", a.value(), b ? "a number" : "nothing", watch.seconds());
}

int main() { hocket::run(amain()); }
