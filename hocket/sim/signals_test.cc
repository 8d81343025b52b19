// SPDX-License-Identifier: MIT
// Signals to simulated programs.
#include <hocket/core/sleep.h>
#include <hocket/io/signals.h>
#include <hocket/sim/run_in_world_test.h>

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <string>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::run_calmly;

Coro<> ticks(int& count) {
    while (true) {
        co_await hocket::sleep(1s);
        ++count;
    }
}

TEST(OnceSimSignals, the_signal_0_does_nothing) {
    run_calmly([](World& world) -> Coro<> {
        int count = 0;
        const Host a = world.host("a", [&] { return ticks(count); });
        world.signal(a, 0);
        co_await hocket::sleep(10500ms);
        EXPECT_TRUE(a.running());
        EXPECT_EQ(count, 10);
        world.kill(a);
        world.signal(a, 0);
    });
}

TEST(OnceSimSignals, there_are_64_of_them) {
    run_calmly([](World& world) -> Coro<> {
        EXPECT_THROW(world.signal(world.main(), -1), ValueError);
        EXPECT_THROW(world.signal(world.main(), 65), ValueError);
        co_return;
    });
}

TEST(OnceSimSignals, a_program_that_was_stopped_goes_on_with_SIGCONT_and_its_handler_is_called) {
    run_calmly([](World& world) -> Coro<> {
        int count = 0, continued = 0;
        const Host a = world.host("a", [&]() -> Coro<> {
            return [](int& n, int& c) -> Coro<> {
                add_signal_handler(get_running_loop(), SIGCONT, [&c] { ++c; });
                co_await ticks(n);
            }(count, continued);
        });
        co_await hocket::sleep(500ms);  // it has its handler then
        for (const int stop : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU}) {
            count = continued = 0;
            world.signal(a, stop);
            co_await hocket::sleep(10s);
            EXPECT_EQ(count, 0);
            world.signal(a, SIGCONT);
            co_await hocket::sleep(10s);
            EXPECT_GE(count, 9);
            EXPECT_EQ(continued, 1);
        }
    });
}

TEST(OnceSimSignals, SIGCONT_does_nothing_to_a_program_that_runs) {
    run_calmly([](World& world) -> Coro<> {
        int count = 0;
        const Host a = world.host("a", [&] { return ticks(count); });
        co_await hocket::sleep(1500ms);
        world.signal(a, SIGCONT);
        co_await hocket::sleep(1s);
        EXPECT_TRUE(a.running());
        EXPECT_EQ(count, 2);
    });
}

}  // namespace
}  // namespace hocket::sim
