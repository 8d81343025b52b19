// SPDX-License-Identifier: MIT
// A process to be looked into, which stands still in the way that its argument names until its standard input ends.
#include <hocket/hocket.h>

#include <cstdio>
#include <string_view>

using namespace hocket;
using namespace std::chrono_literals;

namespace {

void say_ready_and_wait_for_the_end() {
    std::puts("ready");
    std::fflush(stdout);
    while (std::getchar() != EOF) continue;
}

Coro<> rest() { co_await hocket::sleep(1h); }

// Two tasks with one name, and one whose name is not for a terminal to obey.
Coro<> namesakes() {
    const auto twin = create_task(rest(), {.name = "twin"});
    const auto other = create_task(rest(), {.name = "twin"});
    const auto wild = create_task(rest(), {.name = "\x1b[2J\n\u009b\u00df"});
    co_await hocket::sleep(1ms);
    co_await to_thread(say_ready_and_wait_for_the_end);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view how = argc == 2 ? argv[1] : "";
    if (how == "no_loop") {
        say_ready_and_wait_for_the_end();
    } else if (how == "no_tasks") {
        Runner runner;
        runner.get_loop();
        say_ready_and_wait_for_the_end();
    } else if (how == "namesakes") {
        run(namesakes());
    } else {
        std::fputs("usage: standing no_loop|no_tasks|namesakes\n", stderr);
        return 2;
    }
}
