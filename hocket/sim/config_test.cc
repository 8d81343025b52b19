// SPDX-License-Identifier: MIT
// Configurations that cannot be, and those that are drawn.
#include <hocket/base/errors.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/sleep.h>
#include <hocket/io/choices.h>
#include <hocket/sim/run.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;

template <class F>
std::string refusal_of(F change) {
    Config config = Config::calm();
    change(config);
    try {
        run(config, [](World&) -> Coro<> { co_return; });
    } catch (const ValueError& e) {
        return e.what();
    }
    return "none";
}

TEST(OnceConfig, what_cannot_be_is_refused_by_the_name_of_its_knob) {
    EXPECT_EQ(refusal_of([](Config& c) { c.network.buffer = 0; }), "network.buffer: no byte would ever get through");
    EXPECT_EQ(refusal_of([](Config& c) { c.network.latency = {5ms, 1ms}; }),
              "network.latency: its high is before its low");
    EXPECT_EQ(refusal_of([](Config& c) { c.job = {-1ms, 1ms}; }), "job: its low is before 0");
    EXPECT_EQ(refusal_of([](Config& c) { c.network.lost = 20; }), "network.lost: 20.000000 is no probability");
    EXPECT_EQ(refusal_of([](Config& c) { c.disk.eio = -0.5; }), "disk.eio: -0.500000 is no probability");
    EXPECT_EQ(refusal_of([](Config& c) { c.unresolved = std::numeric_limits<double>::quiet_NaN(); }).substr(0, 12),
              "unresolved: ");
    EXPECT_EQ(refusal_of([](Config& c) { c.step_cost = -1ns; }), "step_cost: a span of time below 0");
    EXPECT_EQ(refusal_of([](Config& c) { c.max_spins = 0; }), "max_spins: no program would ever run");
}

TEST(OnceConfig, a_probability_may_be_all_from_0_to_1) {
    EXPECT_EQ(refusal_of([](Config& c) { c.disk.lost = 1, c.disk.torn = 0, c.network.buffer = 1; }), "none");
    for (std::uint64_t seed = 0; seed < 1000; ++seed) Config::swarm(seed).check();
    Config{}.check();
}

TEST(OnceConfig, wall_clocks_of_hosts_are_ahead_by_up_to_its_skew) {
    Config config = Config::calm(5);
    config.skew = 1h;
    const auto wall_time = [] { return get_running_loop().backend().wall_time(); };
    const Outcome outcome = run(config, [&](World& world) -> Coro<> {
        std::int64_t there = 0;
        world.host("a", [&]() -> Coro<> {
            there = wall_time();
            co_return;
        });
        world.skew(world.main(), {});
        co_await hocket::sleep(1s);
        const std::int64_t ahead = there + 1'000'000'000 - wall_time();
        EXPECT_GT(ahead, 1'000'000'000);
        EXPECT_LT(ahead, 3'600'000'000'000);
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
    EXPECT_EQ(outcome.choices.size(), 2U);
}

TEST(OnceConfig, a_swarm_draws_each_knob_but_the_limits) {
    const Config calm = Config::calm();
    bool slowest = false, loopback = false, job = false, writeback = false, capacity = false, wall_clock = false,
         skew = false, step_cost = false;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Config c = Config::swarm(seed);
        slowest |= c.network.slowest.count() != calm.network.slowest.count();
        loopback |= c.network.loopback.low.count() != calm.network.loopback.low.count();
        job |= c.job.low.count() != calm.job.low.count();
        writeback |= c.disk.writeback.count() != calm.disk.writeback.count();
        capacity |= c.disk.capacity != calm.disk.capacity;
        wall_clock |= c.wall_clock.count() != calm.wall_clock.count();
        skew |= c.skew.count() != 0;
        step_cost |= c.step_cost.count() != calm.step_cost.count();
        EXPECT_EQ(c.max_steps, calm.max_steps);
    }
    EXPECT_TRUE(slowest && loopback && job && writeback && capacity && wall_clock && skew && step_cost);
}

TEST(OnceConfig, a_chance_above_1_is_certain) {
    Choices choices(7);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(choices.chance(2));
    EXPECT_EQ(Choices::site_of_chance(2), Choices::site_of_chance(1));
}

}  // namespace
}  // namespace hocket::sim
