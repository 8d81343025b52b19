// SPDX-License-Identifier: MIT
// One program under many seeds: the first that fails, in words.
#pragma once

#include <hocket/base/function.h>
#include <hocket/sim/config.h>
#include <hocket/sim/run.h>
#include <hocket/sim/shrink.h>

#include <cstdint>
#include <string>

namespace hocket::sim {

struct SeedsOptions {
    std::uint64_t first = 1, last = 100;
    Function<void(Config& config)> edit = {};  ///< changes what `Config::swarm` has drawn
    bool story = false;                        ///< tell that of each run, whether or not it fails
    bool progress = false;                     ///< report every few seconds how far it is
    std::string command = {};                  ///< how a person runs one seed; `{}` stands for its number
    std::string name = {};                     ///< of what runs, in `traces`
    /// A file that gets a line for each run: name, seed, and a digest of all that happened. Equal runs have equal lines, on every machine.
    std::string traces = {};
    ShrinkOptions shrink = {};
};

struct SeedsReport {
    bool ok = false;
    std::uint64_t runs = 0;
    std::uint64_t seed = 0;  ///< the one that failed
    std::string
        text;  ///< what failed, how it is repeated, the smallest run's story; of runs that are well, their stories, if asked for
};

/// Runs `main` with `Config::swarm(seed)` for each seed until one fails, which is then made small. Throws OSError where `traces` cannot be
/// written.
HOCKET_EXPORT SeedsReport try_seeds(const SeedsOptions& options, const Main& main);

/// What the environment asks for, in place of seeds 1 to `seeds`: HOCKET_SIM_SEED=N, one with its story; HOCKET_SIM_SEEDS=A..B; and
/// HOCKET_SIM_TRACES=FILE. `test` is what selects this program's test. Throws ValueError for what is neither.
HOCKET_EXPORT SeedsOptions seeds_of_environment(const std::string& test, std::uint64_t seeds);

}  // namespace hocket::sim
