// SPDX-License-Identifier: MIT
// Simulations as GoogleTest's tests. The only header of hocket that needs <gtest/gtest.h>.
#pragma once

#include <hocket/base/report.h>
#include <hocket/core/coro.h>
#include <hocket/sim/seeds.h>
#include <hocket/sim/world.h>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace hocket::sim {

/// While it lives, what GoogleTest's macros find is kept away from its test, and fails the run in which it was found: so that a run in which
/// an EXPECT fails can be told and made small. What they find between two runs is `outside`.
class ExpectationsOfRuns final : public ::testing::ScopedFakeTestPartResultReporter {
public:
    ExpectationsOfRuns() : ScopedFakeTestPartResultReporter(INTERCEPT_ONLY_CURRENT_THREAD, &unused_) {}

    /// `program`, for `try_seeds` and `shrink`. Its run goes on after it: as long as hosts end.
    Main of(Function<Coro<>(World&)> program) {
        return [this, program = std::move(program)](World& world) {
            world_ = &world;
            return program(world);
        };
    }
    /// The run is over.
    void between_runs() noexcept { world_ = nullptr; }
    const std::string& outside() const noexcept { return outside_; }

    void ReportTestPartResult(const ::testing::TestPartResult& result) override {
        if (!result.failed()) return;
        const std::string file = result.file_name() != nullptr ? result.file_name() : "an unknown file";
        std::string text =
            file.substr(file.rfind('/') + 1) + ":" + std::to_string(result.line_number()) + ": " + result.message();
        if (world_ != nullptr) {
            world_->fail(std::move(text));
        } else {
            outside_ += text + "\n";
        }
    }

private:
    inline static ::testing::TestPartResultArray unused_;
    World* world_ = nullptr;
    std::string outside_;
};

/// `try_seeds` with what the program's expectations find.
inline SeedsReport try_seeds_with_expectations(SeedsOptions options, Function<Coro<>(World&)> program) {
    ExpectationsOfRuns expectations;
    options.edit = [&expectations, edit = std::move(options.edit)](Config& config) {
        expectations.between_runs();
        if (edit) edit(config);
    };
    SeedsReport report = try_seeds(options, expectations.of(std::move(program)));
    if (!expectations.outside().empty()) {
        report.ok = false;
        report.text += "outside of a run: " + expectations.outside();
    }
    return report;
}

/// What HOCKET_SIM_TEST does.
inline void run_test(const std::string& name, const char* file, int line, std::uint64_t seeds,
                     Function<Coro<>(World&)> program, Function<void(Config&)> edit = {}) {
    SeedsOptions options = seeds_of_environment(name, seeds);
    options.edit = std::move(edit);
    const bool tells = options.story;
    const SeedsReport report = try_seeds_with_expectations(std::move(options), std::move(program));
    if (!report.ok) {
        ADD_FAILURE_AT(file, line) << report.text;
    } else if (tells) {
        hocket::report(report.text);
    }
}

}  // namespace hocket::sim

/// A test `Simulation.name`, whose body is a coroutine with a parameter `hocket::sim::World& world`, the main program of a simulated
/// world. It runs with `Config::swarm(seed)` for the seeds 1 to `seeds`; a third argument, a function of a `hocket::sim::Config&`, changes
/// what was drawn. At the first seed where the world or an EXPECT fails, the test fails with the error, the command that repeats that seed,
/// and the story of the smallest run that fails so. HOCKET_SIM_SEED=N and HOCKET_SIM_SEEDS=A..B in the environment choose others.
///
///     HOCKET_SIM_TEST(an_echo_comes_back, 1000) {
///         const auto server = world.host("server", [] { return echo_server(); });
///         ...
///         EXPECT_EQ(co_await reader.readline(), "hello\n");
///     }
#define HOCKET_SIM_TEST(name, seeds, ...)                                              \
    static ::hocket::Coro<> hocket_sim_body_of_##name(::hocket::sim::World& world);    \
    TEST(Simulation, name) {                                                           \
        ::hocket::sim::run_test("Simulation." #name, __FILE__, __LINE__, seeds,        \
                                hocket_sim_body_of_##name __VA_OPT__(, ) __VA_ARGS__); \
    }                                                                                  \
    static ::hocket::Coro<> hocket_sim_body_of_##name([[maybe_unused]] ::hocket::sim::World& world)
