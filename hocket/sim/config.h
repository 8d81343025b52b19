// SPDX-License-Identifier: MIT
// What a simulation does to the programs in it, and how it ended.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/io/sim_disk.h>
#include <hocket/io/sim_network.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace hocket::sim {

/// The knobs of a run. As they are, hosts and network are well, but slow and in no order; see `swarm`.
struct Config {
    std::uint64_t seed = 0;
    NetworkConfig network = {};
    DiskConfig disk = {};
    bool shuffle_tasks =
        false;  ///< tasks of a host that are ready together run in any order, not in that of their waking
    Range job{std::chrono::microseconds(10), std::chrono::milliseconds(1)};  ///< until a job of an executor runs
    double unresolved = 0;                                    ///< a name that cannot be looked up right now (EAI_AGAIN)
    Duration wall_clock = std::chrono::seconds(946'684'800);  ///< at the start, since 1970-01-01 UTC: 2000-01-01
    Duration step_cost = std::chrono::nanoseconds(100);       ///< so much time passes in an iteration of a host's loop
    Duration time_limit = std::chrono::hours(1);              ///< of simulated time; a run that takes longer has failed
    std::uint64_t max_steps = 10'000'000;                     ///< iterations of loops; a run that takes more has failed
    bool tell = false;                                        ///< write the story

    /// Nothing goes wrong, and everything is quick.
    static Config calm(std::uint64_t seed = 0);
    /// Every knob is drawn from the seed: some runs are calm, some have one kind of fault, some have all.
    static Config swarm(std::uint64_t seed);
};

/// How a run ended.
struct Outcome {
    bool ok = false;
    std::string error;  ///< why not; for a deadlock, with what each task of each host waits for
    std::uint64_t seed = 0;
    std::uint64_t steps = 0;   ///< iterations of the hosts' loops
    std::uint64_t events = 0;  ///< those, and what happened on the network
    Duration virtual_time{};
    std::uint64_t fingerprint = 0;  ///< of every step and event; equal runs have the same
    std::string story;              ///< what happened when and where, if `Config::tell`
    std::vector<std::uint32_t> choices;
};

}  // namespace hocket::sim
