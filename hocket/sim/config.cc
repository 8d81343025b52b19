// SPDX-License-Identifier: MIT
// Configurations that are made, not given.
#include <hocket/sim/config.h>

#include <hocket/io/choices.h>

namespace hocket::sim {

Config Config::calm(std::uint64_t seed) {
    Config config;
    config.seed = seed;
    config.network = NetworkConfig::calm();
    config.job = {std::chrono::microseconds(100), std::chrono::microseconds(100)};
    return config;
}

Config Config::swarm(std::uint64_t seed) {
    Choices knobs(seed ^ 0x5357'4152'4DU);
    Config config = calm(seed);
    const auto maybe = [&knobs] { return knobs.chance(0.5); };
    const auto up_to = [&](double most) { return maybe() ? most * knobs.choose(1000) / 1000 : 0; };
    config.job.high = std::chrono::microseconds(knobs.between(100, 100'000));
    config.unresolved = up_to(0.05);
    config.shuffle_tasks = maybe();
    NetworkConfig& n = config.network;
    n = NetworkConfig::weather(seed);
    n.lost = up_to(0.2);
    n.duplicated = up_to(0.1);
    n.refused = up_to(0.05);
    n.reset = up_to(0.01);
    n.no_buffers = up_to(0.01);
    n.no_descriptors = up_to(0.01);
    n.descriptors = maybe() ? 1024 : 16 + knobs.choose(64);
    if (maybe()) n.buffer = std::size_t{1} << (6 + knobs.choose(4));
    DiskConfig& d = config.disk;
    d.lost = maybe() ? 1 : up_to(1);
    d.torn = up_to(0.2);
    d.eio = up_to(0.01);
    d.enospc = up_to(0.01);
    return config;
}

}  // namespace hocket::sim
