// SPDX-License-Identifier: MIT
// The programs of docs/flow.md: several awaitables at once, time limits, shields.

#include <hocket/core/sleep.h>
#include <hocket/flow/as_completed.h>
#include <hocket/flow/as_result.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/shield.h>
#include <hocket/flow/staggered.h>
#include <hocket/flow/timeout.h>
#include <hocket/flow/wait.h>
#include <hocket/flow/wait_for.h>
#include <hocket/io/runner.h>

#include <cstdio>
#include <ranges>
#include <string>
#include <vector>

using namespace hocket;
using namespace std::chrono_literals;

Coro<std::string> fetch(std::string page, Duration takes) {
    co_await hocket::sleep(takes);
    if (page == "missing") throw ValueError("there is no page " + page);
    co_return "<" + page + ">";
}

Coro<int> count(std::string page) { co_return static_cast<int>((co_await fetch(page, 5ms)).size()); }

// [gather]
Coro<> both() {
    auto [users, size] = co_await gather(fetch("users", 10ms), count("posts"));
    std::printf("%s, %d bytes\n", users.c_str(), size);
}
// [/gather]

// [range]
Coro<> all(const std::vector<std::string>& pages) {
    std::vector<Coro<int>> counts;
    for (const std::string& page : pages) counts.push_back(count(page));
    int total = 0;
    for (const int size : co_await gather(std::move(counts))) total += size;
    std::printf("%d bytes in %zu pages\n", total, pages.size());
}
// [/range]

// [settle]
Coro<> what_there_is() {
    auto [users, missing] = co_await gather(settle, fetch("users", 1ms), fetch("missing", 1ms));
    if (users) std::printf("users: %s\n", users->c_str());
    if (!missing) std::printf("missing: %s\n", missing.error().c_str());
}
// [/settle]

// [result]
Coro<> if_there_is_one() {
    const Result<std::string> page = co_await as_result(fetch("missing", 1ms));
    std::printf("%s\n", page ? page->c_str() : page.error().c_str());
}
// [/result]

// [overlap]
Coro<> overlap() {
    auto pages = gather(fetch("users", 10ms), fetch("posts", 10ms));  // both begin
    const int size = co_await count("index");                         // while this runs
    auto [users, posts] = co_await std::move(pages);
    std::printf("%d bytes, then %s %s\n", size, users.c_str(), posts.c_str());
}
// [/overlap]

// [wait]
Coro<> fastest() {
    const std::vector<Task<std::string>> tasks = {create_task(fetch("near", 1ms)), create_task(fetch("far", 1h))};
    auto [done, pending] = co_await wait(tasks, {.timeout = 2s, .return_when = FIRST_COMPLETED});
    for (const auto& task : done) std::printf("the fastest: %s\n", task.result().c_str());
    for (const auto& task : pending) task.cancel();  // wait itself cancels nothing
}
// [/wait]

// [as_completed]
Coro<> in_turn() {
    auto it = as_completed({create_task(fetch("slow", 20ms)), create_task(fetch("fast", 1ms))}, {.timeout = 5s});
    while (auto next = co_await it.next()) std::printf("%s\n", (co_await *next).c_str());
}
// [/as_completed]

// [wait_for]
Coro<> patience() {
    try {
        co_await wait_for(fetch("slow", 1h), 10ms);
    } catch (const TimeoutError&) {
        std::printf("no answer in 10 ms\n");
    }
}
// [/wait_for]

// [timeout]
Coro<> steps() {
    EventLoop& loop = get_running_loop();
    co_await timeout(50ms, [&](Timeout& limit) -> Coro<> {
        co_await fetch("first", 1ms);
        limit.reschedule(loop.time() + 50ms);  // each step has its own 50 ms
        co_await fetch("second", 1ms);
    });
    std::printf("both steps in time\n");
}
// [/timeout]

// [shield]
Coro<> save(const char* what) {
    co_await hocket::sleep(20ms);
    std::printf("%s saved\n", what);
}

Coro<> leave_in_a_hurry() {
    const auto saving = create_task(save("the page"));
    try {
        co_await wait_for(shield(saving), 1ms);
    } catch (const TimeoutError&) {
        std::printf("it takes long\n");
    }
    co_await saving;  // it was not cancelled
}
// [/shield]

// [staggered_race]
struct Mirror {
    std::string name;
    Duration takes;
};

Coro<> from_any(std::vector<Mirror> mirrors) {
    auto attempts = mirrors | std::views::transform([](const Mirror& mirror) {
                        return [&mirror] { return fetch(mirror.name, mirror.takes); };
                    });
    auto [page, winner, exceptions] = co_await staggered_race(attempts, 250ms);
    for (const std::exception_ptr& e : exceptions) std::printf("%s\n", e ? describe(e).c_str() : "the winner");
    if (page) std::printf("%s from mirror %zu\n", page->c_str(), *winner);
}
// [/staggered_race]

Coro<> amain() {
    co_await both();
    co_await all({"users", "posts", "index"});
    co_await what_there_is();
    co_await if_there_is_one();
    co_await overlap();
    co_await fastest();
    co_await in_turn();
    co_await patience();
    co_await steps();
    co_await leave_in_a_hurry();
    const std::vector<Mirror> mirrors{{"missing", 1ms}, {"slow", 1h}, {"fast", 1ms}, {"never asked", 1ms}};
    co_await from_any(mirrors);
}

int main() { run(amain()); }
