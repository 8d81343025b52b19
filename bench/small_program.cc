// SPDX-License-Identifier: MIT
// A small program with the core of the vocabulary: how long it takes to compile is measured.

#include <hocket/hocket.h>

#include <cstdio>
using namespace std::chrono_literals;

hocket::Coro<> count(hocket::Queue<int>& q, int n) {
    for (int i = 1; i <= n; ++i) co_await q.put(i);
}
hocket::Coro<int> sum(hocket::Queue<int>& q, int n) {
    int total = 0;
    for (int i = 0; i < n; ++i) total += co_await q.get();
    co_return total;
}
hocket::Coro<> amain() {
    hocket::Queue<int> q(1);
    auto counting = hocket::create_task(count(q, 10));
    auto [five, ten] = co_await hocket::gather(hocket::wait_for(sum(q, 5), 1s), hocket::wait_for(sum(q, 5), 1s));
    co_await counting;
    std::printf("%d\n", five + ten);
}

int main() { hocket::run(amain()); }
