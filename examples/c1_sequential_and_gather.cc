// SPDX-License-Identifier: MIT
// C1: three waits in sequence, then at once.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

hocket::Coro<std::string> fetch_data(int id) {
    co_await hocket::sleep(1s);
    co_return "Data " + std::to_string(id);
}

hocket::Coro<> amain() {
    const Stopwatch one_by_one;
    for (int id = 1; id <= 3; ++id) std::printf("%s\n", (co_await fetch_data(id)).c_str());
    std::printf("sequential: %.1fs\n", one_by_one.seconds());

    const Stopwatch together;
    auto [a, b, c] = co_await hocket::gather(fetch_data(1), fetch_data(2), fetch_data(3));
    std::printf("%s, %s, %s\n", a.c_str(), b.c_str(), c.c_str());
    std::printf("gather: %.1fs\n", together.seconds());
}

int main() { hocket::run(amain()); }
