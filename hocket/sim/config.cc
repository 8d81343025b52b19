// SPDX-License-Identifier: MIT
// Configurations that are made, not given.
#include <hocket/sim/config.h>

namespace hocket::sim {

Config Config::calm(std::uint64_t seed) {
    Config config;
    config.seed = seed;
    NetworkConfig& n = config.network;
    n.latency = {std::chrono::microseconds(500), std::chrono::microseconds(500)};
    n.loopback = {std::chrono::microseconds(10), std::chrono::microseconds(10)};
    n.slow = n.short_io = n.late = 0;
    n.shuffle = false;
    config.job = {std::chrono::microseconds(100), std::chrono::microseconds(100)};
    return config;
}

Config Config::swarm(std::uint64_t seed) {
    Choices knobs(seed ^ 0x5357'4152'4DU);
    Config config = calm(seed);
    NetworkConfig& n = config.network;
    const auto maybe = [&knobs] { return knobs.chance(0.5); };
    const auto up_to = [&](double most) { return maybe() ? most * knobs.choose(1000) / 1000 : 0; };
    n.latency = {std::chrono::microseconds(knobs.between(1, 1000)),
                 std::chrono::microseconds(knobs.between(1000, 100'000))};
    n.loopback.high = std::chrono::microseconds(knobs.between(10, 1000));
    n.slow = up_to(0.05);
    n.lost = up_to(0.2);
    n.duplicated = up_to(0.1);
    n.refused = up_to(0.05);
    n.reset = up_to(0.01);
    n.short_io = up_to(1);
    n.late = up_to(0.5);
    n.latest = std::chrono::microseconds(knobs.between(1, 100'000));
    n.no_buffers = up_to(0.01);
    n.no_descriptors = up_to(0.01);
    n.shuffle = maybe();
    n.buffer = std::size_t{1} << (6 + knobs.choose(11));
    config.job.high = std::chrono::microseconds(knobs.between(100, 100'000));
    config.unresolved = up_to(0.05);
    DiskConfig& d = config.disk;
    d.lost = maybe() ? 1 : up_to(1);
    d.torn = up_to(0.2);
    d.eio = up_to(0.01);
    d.enospc = up_to(0.01);
    n.descriptors = maybe() ? 1024 : 16 + knobs.choose(64);
    return config;
}

}  // namespace hocket::sim
