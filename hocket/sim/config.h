// SPDX-License-Identifier: MIT
// What a simulation does to the programs in it, and how it ended.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/io/sim_disk.h>
#include <hocket/io/sim_network_config.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace hocket::sim {

/// How much of a run is written down, as lines of three columns: the seconds since the beginning, the host, or `-` for what is not one
/// host's, and what happened.
///
///        0.000000  server    listens on port 80
///        1.000000  main      * writes 5 bytes
///        1.001020  -         main > server 5 bytes, server > main 5 bytes in 2
///        1.001020  server    resets its connection to main:32768
///        1.001520  -         the run fails: main: ConnectionResetError: Connection reset by peer
///
/// Addresses have the names of their hosts. What the program says itself (`World::note`) has a star before it, and is its host's.
/// The last line of a run that fails says why.
enum class Tell : std::uint8_t {
    off,
    story,  ///< what is of import: faults, ends, the program's notes; the data between two of those as one line, which says how much
    ///< went from whom to whom, at the time of the last; small faults of one host in a row are counted, and so is what
    ///< happens to it several times in a row
    everything,  ///< each connection, each arrival of data, each start as a line of its own
};

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
    Duration skew{};                                          ///< a host's wall clock is ahead by up to so much
    Duration step_cost = std::chrono::nanoseconds(100);       ///< so much time passes in an iteration of a host's loop
    Duration time_limit = std::chrono::hours(1);              ///< of simulated time; a run that takes longer has failed
    std::uint64_t max_steps = 10'000'000;                     ///< iterations of loops; a run that takes more has failed
    /// A run has failed when in so many iterations of loops nothing was waited for: each time some host had something to do at once, no packet
    /// or completion came, and no time had to pass until the next timer. A program that asks again and again instead of waiting does that.
    std::uint64_t max_spins = 1'000'000;
    /// A run has failed, as one with a deadlock, when so long nothing has run but callbacks that were set by such callbacks, as a
    /// library's own upkeep is: no task, and no timer that one set. 0: it may go on.
    Duration quiet_limit = std::chrono::minutes(20);
    Tell tell = Tell::off;

    /// Throws ValueError, which names the knob, for a probability that is none, a range whose end is before its beginning, a span of time below 0,
    /// and a limit or a buffer of nothing. A run begins with it.
    HOCKET_EXPORT void check() const;
    /// Nothing goes wrong, and everything is quick.
    HOCKET_EXPORT static Config calm(std::uint64_t seed = 0);
    /// Each knob is drawn from the seed, but for the limits: some runs are calm, some have one kind of fault, some have all.
    HOCKET_EXPORT static Config swarm(std::uint64_t seed);
};

/// How a run ended.
struct Outcome {
    bool ok = false;
    std::string error;  ///< why not; for a deadlock, with what each task of each host waits for
    std::uint64_t seed = 0;
    std::uint64_t steps = 0;   ///< iterations of the hosts' loops
    std::uint64_t events = 0;  ///< those, and what happened on the network
    Duration virtual_time{};
    std::uint64_t fingerprint = 0;  ///< of every step, its time, and what was sent; equal runs have the same
    std::string story;              ///< what happened when and where, as `Config::tell` says
    std::vector<std::uint32_t> choices;
};

}  // namespace hocket::sim
