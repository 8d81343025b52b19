// SPDX-License-Identifier: MIT
// Ten guests, of whom three are cooked for at a time; a lock around
// what must not be interrupted.
#include <hocket/hocket.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

using hocket::Coro;
using namespace std::chrono_literals;

struct Kitchen {
    hocket::Semaphore stoves{3};
    hocket::Lock till;
    int cooking = 0;
    int most = 0;
    int money = 0;

    Coro<std::string> serve(int guest) {
        {
            auto stove = co_await stoves.scoped();
            ++cooking;
            most = std::max(most, cooking);
            co_await hocket::sleep(1ms);
            --cooking;
        }
        auto locked = co_await till.scoped();
        const int before = money;
        co_await hocket::sleep(0);
        money = before + 10;
        co_return "dish " + std::to_string(guest);
    }
};

Coro<> amain() {
    Kitchen kitchen;
    std::vector<Coro<std::string>> orders;
    for (int guest = 0; guest < 10; ++guest)
        orders.push_back(kitchen.serve(guest));
    const auto dishes = co_await hocket::gather(std::move(orders));
    std::printf("%zu dishes, from %s to %s\n", dishes.size(),
                dishes.front().c_str(), dishes.back().c_str());
    std::printf("at most %d at a time\n", kitchen.most);
    std::printf("%d in the till\n", kitchen.money);
}

int main() { hocket::run(amain()); }
