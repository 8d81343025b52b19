// SPDX-License-Identifier: MIT
// Making a failing run small: fewer faults, fewer choices, the same failure.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/function.h>
#include <hocket/sim/config.h>
#include <hocket/sim/run.h>

#include <chrono>
#include <string>
#include <string_view>

namespace hocket::sim {

/// Whether two errors of runs are of the same kind: their first lines are equal but for numbers.
HOCKET_EXPORT bool same_failure(std::string_view one, std::string_view other);

struct ShrinkOptions {
    unsigned max_runs = 2000;
    Duration max_time = std::chrono::seconds(20);  ///< of the real clock; the run that is under way then is the last
    /// Whether an error is the one that is looked for; as it is, `same_failure` with that of the given run.
    Function<bool(const std::string& error)> same = {};
};

/// A small run that fails, with its story. `replay(shrunk.config, shrunk, main)` repeats it.
struct Shrunk : Outcome {
    Config config;
    unsigned runs = 0;  ///< how many were tried
};

/// Looks for the smallest run of `main` that fails as `failing`, a run of `config`, does. What it tries, and keeps while the failure is the
/// same: no choice of a kind has an effect; a knob of the network stands as in `Config::calm`; the list of choices is cut off, which makes
/// the rest calm; parts of it are calm, or left out; single choices are smaller. A run that does not fail when
/// it is repeated stays as it is.
HOCKET_EXPORT Shrunk shrink(const Config& config, const Outcome& failing, const Main& main,
                            const ShrinkOptions& options = {});

}  // namespace hocket::sim
