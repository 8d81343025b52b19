// SPDX-License-Identifier: MIT
// The programs of docs/testing.md: virtual time, and what it says when everything waits.

#include <hocket/hocket.h>

#include <cstdio>
#include <cstdlib>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [code]
Coro<std::string> fetch_with_retry(int failures) {
    for (auto pause = 1s;; pause *= 2) {
        if (failures-- == 0) co_return "page";
        co_await hocket::sleep(pause);
    }
}
// [/code]

// [test]
Coro<> the_pause_doubles() {
    EventLoop& loop = get_running_loop();
    const TimePoint start = loop.time();
    const std::string page = co_await fetch_with_retry(5);
    const bool exact = loop.time() - start == 31s;  // 1 + 2 + 4 + 8 + 16, to the nanosecond
    std::printf("%s after %s\n", page.c_str(), exact ? "31 s exactly" : "another time");
}
// [/test]

// [year]
Coro<> a_year_passes() {
    Queue<int> queue;
    const Task<> yearly = create_task([&queue]() -> Coro<> {
        co_await hocket::sleep(365 * 24h);
        co_await queue.put(1);
    });
    try {
        co_await wait_for(queue.get(), 364 * 24h);
    } catch (const TimeoutError&) {
        std::printf("nothing in 364 days\n");
    }
    std::printf("and then %d\n", co_await queue.get());
    co_await yearly;
}
// [/year]

// [deadlock]
Coro<> take(Lock& first, Lock& second) {
    auto guard = co_await first.scoped();
    co_await hocket::sleep(1ms);
    auto other = co_await second.scoped();
}

Lock a, b;
Coro<> two_locks() { co_await gather(take(a, b), take(b, a)); }

void find_the_deadlock() {
    try {
        run(two_locks());
    } catch (const RuntimeError& error) {
        std::printf("%s\n", error.what());
    }
}
// [/deadlock]

// [backend]
int main() {
    setenv("HOCKET_BACKEND", "virtual", 1);  // or from the shell: HOCKET_BACKEND=virtual ./test
    run(the_pause_doubles());
    run(a_year_passes());
    find_the_deadlock();
}
// [/backend]
