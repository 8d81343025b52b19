// SPDX-License-Identifier: MIT
// C5: what a task can be asked. `result()` of a task that is not done is an error; it does not wait.
#include <hocket/hocket.h>

#include <cstdio>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

hocket::Coro<std::string> fetch(int id) {
    co_await hocket::sleep(100ms);
    if (id == 2) throw std::runtime_error("fetch 2 failed");
    co_return "Result " + std::to_string(id);
}

const char* yes_or_no(bool b) { return b ? "yes" : "no"; }

hocket::Coro<> amain() {
    auto good = hocket::create_task(fetch(1));
    auto bad = hocket::create_task(fetch(2));
    auto unwanted = hocket::create_task(fetch(3));

    std::printf("done at once: %s\n", yes_or_no(good.done()));
    try {
        good.result();
    } catch (const hocket::InvalidStateError& error) {
        std::printf("result() too early: %s\n", error.what());
    }
    std::printf("cancel() took the request: %s\n", yes_or_no(unwanted.cancel()));

    co_await hocket::wait({good, bad, unwanted});

    std::printf("done: %s\n", yes_or_no(good.done()));
    std::printf("result: %s\n", good.result().c_str());
    std::printf("exception: %s\n", hocket::describe(bad.exception()).c_str());
    std::printf("cancelled: %s\n", yes_or_no(unwanted.cancelled()));
}

int main() { hocket::run(amain()); }
