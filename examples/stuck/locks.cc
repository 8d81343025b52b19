// SPDX-License-Identifier: MIT
// Two tasks that take two locks, one in one order and one in the other.
#include <hocket/hocket.h>

using namespace hocket;
using namespace std::chrono_literals;

Coro<> transfer(Lock& from, Lock& to) {
    co_await from.acquire();
    co_await hocket::sleep(10ms);  // looks up what is there
    co_await to.acquire();
    to.release();
    from.release();
}

Coro<> amain() {
    Lock savings, checking;
    const auto rent = create_task(transfer(savings, checking), {.name = "rent"});
    const auto interest = create_task(transfer(checking, savings), {.name = "interest"});
    co_await gather(rent, interest);
}

int main() { run(amain()); }
