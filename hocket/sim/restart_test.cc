// SPDX-License-Identifier: MIT
// A host starts again while the program that it had is still at work somewhere.
#include <hocket/core/sleep.h>
#include <hocket/os/executor.h>
#include <hocket/sim/run_in_world_test.h>

#include <gtest/gtest.h>

#include <chrono>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::echo_server;
using testing::run_calmly;

// In its first life it waits in a job for what never comes; then it serves.
Host blocked_at_first(World& world, int& lives) {
    return world.host("a", [&lives]() -> Coro<> {
        return [](bool first) -> Coro<> {
            if (!first) co_await echo_server();
            EventLoop& loop = get_running_loop();
            co_await to_thread([&loop] {
                const auto never = []() -> Coro<> { co_await hocket::sleep(24h); };
                run_coroutine_threadsafe(never(), loop).result();
            });
        }(++lives == 1);
    });
}

TEST(OnceSimRestart, one_whose_job_waits_starts_again_when_that_has_ended) {
    for (const bool crash : {true, false}) {
        int lives = 0;
        run_calmly([&](World& world) -> Coro<> {
            const Host a = blocked_at_first(world, lives);
            co_await hocket::sleep(1s);
            crash ? world.crash(a) : world.kill(a);
            EXPECT_FALSE(a.running());
            world.restart(a);
            EXPECT_TRUE(a.up());
            EXPECT_THROW(world.restart(a), RuntimeError);
            EXPECT_EQ(lives, 1);
            co_await hocket::sleep(1s);
            EXPECT_TRUE(a.running());
            auto [reader, writer] = co_await open_connection("a", 7);
            co_await writer.write("x");
            EXPECT_EQ(co_await reader.readexactly(1), "x");
        });
        EXPECT_EQ(lives, 2);
    }
}

TEST(OnceSimRestart, a_crash_before_that_is_one_of_what_was_to_start) {
    int lives = 0;
    run_calmly([&](World& world) -> Coro<> {
        const Host a = blocked_at_first(world, lives);
        co_await hocket::sleep(1s);
        world.crash(a);
        world.restart(a);
        world.crash(a);
        co_await hocket::sleep(1s);
        EXPECT_FALSE(a.up());
        EXPECT_FALSE(a.running());
        world.restart(a);
        EXPECT_TRUE(a.running());
    });
    EXPECT_EQ(lives, 2);
}

TEST(OnceSimRestart, a_host_may_restart_itself) {
    int lives = 0;
    run_calmly([&](World& world) -> Coro<> {
        const Host a = world.host("a", [&] {
            return [](World& w, bool first) -> Coro<> {
                if (!first) co_return co_await echo_server();
                const Host self = w.host_named("a");
                w.crash(self);
                w.restart(self);
                co_await hocket::sleep(0s);
                ADD_FAILURE() << "the program goes on";
            }(world, ++lives == 1);
        });
        co_await hocket::sleep(1s);
        EXPECT_TRUE(a.running());
    });
    EXPECT_EQ(lives, 2);
}

TEST(OnceSimRestart, what_another_starts_again_on_its_way_out_ends_too) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        world.host("b", [&world, a] {
            return [](World& w, Host other) -> Coro<> {
                try {
                    co_await hocket::sleep(1h);
                } catch (const CancelledError&) {
                    w.kill(other);
                    w.restart(other);
                    throw;
                }
            }(world, a);
        });
        co_await hocket::sleep(1s);
    });
}

}  // namespace
}  // namespace hocket::sim
