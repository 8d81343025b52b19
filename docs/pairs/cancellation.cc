// SPDX-License-Identifier: MIT
// A task that is cancelled, says good-bye, and has clean-up that awaits.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using hocket::Coro;
using namespace std::chrono_literals;

struct Journal {
    Coro<Journal&> aenter() {
        std::printf("journal opened\n");
        co_return *this;
    }
    Coro<> aexit(std::exception_ptr) {
        co_await hocket::sleep(1ms);  // what is written takes its time
        std::printf("journal saved\n");
    }
    void note(std::string line) { std::printf("note: %s\n", line.c_str()); }
};

Coro<> keep_watch(hocket::Event& ready) {
    co_await hocket::with(Journal(), [&](Journal& journal) -> Coro<> {
        journal.note("the watch begins");
        ready.set();
        try {
            co_await hocket::sleep(8h);
        } catch (const hocket::CancelledError& cancelled) {
            journal.note("relieved, " + std::string(cancelled.message()));
            throw;
        }
    });
}

Coro<> amain() {
    hocket::Event ready;
    auto watch = hocket::create_task(keep_watch(ready));
    co_await ready.wait();
    watch.cancel("it is late");
    try {
        co_await watch;
    } catch (const hocket::CancelledError&) {
        std::printf("the watch has ended\n");
    }
    std::puts(watch.cancelled() ? "cancelled" : "not cancelled");
}

int main() { hocket::run(amain()); }
