// SPDX-License-Identifier: MIT
// The program of a user who has installed hocket.
#include <hocket/db/sqlite.h>
#include <hocket/hocket.h>

#include <cstdio>

hocket::Coro<int> half() { co_return 21; }

hocket::Coro<int> other_half() {
    auto db = co_await hocket::sqlite::connect(":memory:");
    auto row = co_await db.fetch_one("SELECT 3 * ?", 7);
    co_await db.close();
    co_return row->get<int>(0);
}

hocket::Coro<int> amain() {
    auto [a, b] = co_await hocket::gather(half(), other_half());
    co_return a + b;
}

int main() { std::printf("%d\n", hocket::run(amain())); }
