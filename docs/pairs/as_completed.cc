// SPDX-License-Identifier: MIT
// Results in the order in which they come, and the first of several.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using hocket::Coro, hocket::Duration;
using namespace std::chrono_literals;

Coro<std::string> fetch(std::string page, Duration takes) {
    co_await hocket::sleep(takes);
    if (page == "news") throw hocket::ValueError("no news today");
    co_return page;
}

Coro<> amain() {
    auto pages = hocket::as_completed(
        fetch("users", 30ms), fetch("news", 20ms), fetch("posts", 10ms));
    while (auto earliest = co_await pages.next()) {
        try {
            std::printf("%s\n", (co_await *earliest).c_str());
        } catch (const hocket::ValueError& error) {
            std::printf("error: %s\n", error.what());
        }
    }

    auto near = hocket::create_task(fetch("near", 10ms));
    auto far = hocket::create_task(fetch("far", 1h));
    auto [done, pending] = co_await hocket::wait(
        {near, far}, {.return_when = hocket::FIRST_COMPLETED});
    for (const auto& task : done)
        std::printf("the fastest: %s\n", task.result().c_str());
    for (const auto& task : pending) task.cancel();
    co_await hocket::wait(pending);
    std::puts(far.cancelled() ? "far is cancelled" : "far goes on");
}

int main() { hocket::run(amain()); }
