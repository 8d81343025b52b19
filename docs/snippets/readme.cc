// SPDX-License-Identifier: MIT
// The first program of the README: two waits at once.

#include <hocket/hocket.h>
#include <cstdio>
using namespace std::chrono_literals;

hocket::Coro<int> count(const char* what, int result) {
    std::printf("asking for %s\n", what);
    co_await hocket::sleep(1s);
    co_return result;
}

hocket::Coro<> amain() {
    auto [users, posts] = co_await hocket::gather(count("users", 10), count("posts", 100));
    std::printf("%d users, %d posts, in one second\n", users, posts);
}
int main() { hocket::run(amain()); }
