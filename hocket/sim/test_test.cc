// SPDX-License-Identifier: MIT
// Simulations as tests: what a failure says, and what the environment chooses.
#include <hocket/hocket.h>
#include <hocket/sim/test.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;

// A variable of the environment, as long as this lives.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { ::unsetenv(name_); }

private:
    const char* name_;
};

HOCKET_SIM_TEST(time_passes_as_it_is_slept, 20) {
    const Duration before = world.now();
    co_await hocket::sleep(1s);
    EXPECT_GE(world.now().count() - before.count(), 1'000'000'000);
}

HOCKET_SIM_TEST(the_configuration_is_edited, 3, [](Config& config) { config.network.descriptors = 7; }) {
    const Host host = world.host("one", []() -> Coro<> { co_await hocket::sleep(1s); });
    EXPECT_TRUE(host.running());
    co_await hocket::sleep(2s);
    EXPECT_FALSE(host.running());
}

Coro<> rolls(World& world) {
    for (int i = 0; i < 20; ++i) {
        co_await hocket::sleep(1ms);
        const std::uint32_t rolled = world.choose(6) + 1;
        world.note("rolls " + std::to_string(rolled));
        EXPECT_LT(rolled, 6U) << "of roll " << i;
    }
}

TEST(OnceSimulationTest, a_failure_has_the_seed_the_error_the_command_and_the_smallest_story) {
    SeedsOptions options = seeds_of_environment("Simulation.rolls", 100);
    EXPECT_TRUE(options.command.starts_with("HOCKET_SIM_SEED={} ./")) << options.command;
    EXPECT_TRUE(options.command.ends_with(" --gtest_filter=Simulation.rolls")) << options.command;
    options.command = "HOCKET_SIM_SEED={} ./dice_test";
    const SeedsReport report = try_seeds_with_expectations(std::move(options), rolls);
    EXPECT_FALSE(report.ok);
    const std::string seed = std::to_string(report.seed);
    EXPECT_TRUE(report.text.starts_with("seed " + seed +
                                        " fails: test_test.cc:48: Expected: (rolled) < (6U), actual: 6 vs 6\n"))
        << report.text;
    EXPECT_NE(report.text.find("again:\n  HOCKET_SIM_SEED=" + seed + " ./dice_test\n"), std::string::npos);
    const std::size_t story = report.text.find("the smallest run that fails so");
    ASSERT_NE(story, std::string::npos);
    EXPECT_EQ(report.text.substr(report.text.find('\n', story) + 1),
              "     0.001000  main      * rolls 6\n"
              "     0.001000  -         the run fails: test_test.cc:48: Expected: (rolled) < (6U), actual: 6 vs 6\n");
}

// A host's program ends after main: what is expected of its end belongs to the run, too.
TEST(OnceSimulationTest, what_is_found_while_hosts_end_is_of_their_run) {
    struct Expecting {
        ~Expecting() { EXPECT_TRUE(false) << "at the end"; }
    };
    const SeedsReport report = try_seeds_with_expectations({.last = 3}, [](World& world) -> Coro<> {
        world.host("late", []() -> Coro<> {
            const Expecting expecting;
            co_await hocket::sleep(1h);
        });
        co_await hocket::sleep(1s);
    });
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.runs, 1U);
    EXPECT_NE(report.text.find("at the end"), std::string::npos) << report.text;
}

TEST(OnceSimulationTest, what_is_found_outside_of_a_run_is_told) {
    const SeedsReport report = try_seeds_with_expectations(
        {.last = 1, .edit = [](Config&) { EXPECT_TRUE(false) << "in the edit"; }}, [](World&) -> Coro<> { co_return; });
    EXPECT_FALSE(report.ok);
    EXPECT_NE(report.text.find("outside of a run: test_test.cc:"), std::string::npos) << report.text;
    EXPECT_NE(report.text.find("in the edit"), std::string::npos) << report.text;
}

TEST(OnceSimulationTest, seeds_after_a_failure_are_not_run) {
    int runs = 0;
    const SeedsReport report =
        try_seeds({.first = 5, .last = 9, .shrink = {.max_runs = 0}}, [&runs](World& world) -> Coro<> {
            if (++runs == 3) world.fail("the third");
            co_return;
        });
    EXPECT_EQ(report.runs, 3U);
    EXPECT_EQ(report.seed, 7U);
}

TEST(OnceSimulationTest, the_environment_chooses_one_seed_with_its_story) {
    const Variable variable("HOCKET_SIM_SEED", "123");
    const SeedsOptions options = seeds_of_environment("Simulation.x", 10);
    EXPECT_EQ(options.first, 123U);
    EXPECT_EQ(options.last, 123U);
    const SeedsReport report = try_seeds(options, [](World& world) -> Coro<> {
        world.note("here");
        co_return;
    });
    EXPECT_TRUE(report.ok);
    EXPECT_TRUE(report.text.starts_with("seed 123 is well:\n     0.000000  main      * here\n")) << report.text;
}

TEST(OnceSimulationTest, the_environment_chooses_a_range) {
    const Variable variable("HOCKET_SIM_SEEDS", "20..29");
    const SeedsOptions options = seeds_of_environment("Simulation.x", 10);
    EXPECT_EQ(options.first, 20U);
    EXPECT_EQ(options.last, 29U);
    EXPECT_FALSE(options.story);
}

TEST(OnceSimulationTest, what_is_no_seed_is_refused) {
    const Variable variable("HOCKET_SIM_SEEDS", "20..x");
    EXPECT_THROW(seeds_of_environment("Simulation.x", 10), ValueError);
}

}  // namespace
}  // namespace hocket::sim
